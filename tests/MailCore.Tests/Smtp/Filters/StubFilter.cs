using MailCore.Messaging;
using MailCore.Smtp;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>Does at each stage what it is told, and notes that it was asked.</summary>
internal sealed class StubFilter(string name = "stub", List<string>? asked = null) : ISmtpFilter
{
    public List<string> Asked { get; } = asked ?? [];

    public Func<SmtpFilterContext, SmtpVerdict> Connect { get; init; } = static _ => default;

    public Func<SmtpFilterContext, SmtpVerdict> Hello { get; init; } = static _ => default;

    public Func<MailTransaction, SmtpVerdict> MailFrom { get; init; } = static _ => default;

    public Func<MailTransaction, Recipient, SmtpVerdict> Recipient { get; init; } = static (_, _) => default;

    public Func<MailTransaction, MessageHeaders, SmtpVerdict> Headers { get; init; } = static (_, _) => default;

    public Func<MailTransaction, Stream, SmtpVerdict> Message { get; init; } = static (_, _) => default;

    public Func<CancellationToken, ValueTask>? Wait { get; init; }

    public ValueTask<SmtpVerdict> OnConnectAsync(SmtpFilterContext context, CancellationToken cancellationToken) =>
        AnswerAsync("connect", () => Connect(context), cancellationToken);

    public ValueTask<SmtpVerdict> OnHelloAsync(SmtpFilterContext context, CancellationToken cancellationToken) =>
        AnswerAsync("hello", () => Hello(context), cancellationToken);

    public ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken) =>
        AnswerAsync("mail", () => MailFrom(transaction), cancellationToken);

    public ValueTask<SmtpVerdict> OnRecipientAsync(SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
        AnswerAsync("rcpt", () => Recipient(transaction, recipient), cancellationToken);

    public ValueTask<SmtpVerdict> OnHeadersAsync(SmtpFilterContext context, MailTransaction transaction, MessageHeaders headers, CancellationToken cancellationToken) =>
        AnswerAsync("headers", () => Headers(transaction, headers), cancellationToken);

    public ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken) =>
        AnswerAsync("message", () => Message(transaction, message), cancellationToken);

    private async ValueTask<SmtpVerdict> AnswerAsync(string stage, Func<SmtpVerdict> answer, CancellationToken cancellationToken)
    {
        Asked.Add($"{name} {stage}");
        if (Wait is not null)
        {
            await Wait(cancellationToken);
        }

        return answer();
    }
}
