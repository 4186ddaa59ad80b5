using System.Text;
using MailCore.Messaging;
using MailCore.Smtp;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>Says anything at any stage, but always the same to the same.</summary>
internal sealed class MoodyFilter(int seed) : ISmtpFilter
{
    public ValueTask<SmtpVerdict> OnHelloAsync(SmtpFilterContext context, CancellationToken cancellationToken) => new(Say("hello", context.Session.ClientName));

    public ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken) =>
        new(Say("mail", transaction.Envelope.From.ToString()));

    public ValueTask<SmtpVerdict> OnRecipientAsync(SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
        new(Say("rcpt", recipient + "," + transaction.Envelope.Recipients.Count));

    public ValueTask<SmtpVerdict> OnHeadersAsync(SmtpFilterContext context, MailTransaction transaction, MessageHeaders headers, CancellationToken cancellationToken)
    {
        var text = Own(Encoding.Latin1.GetString(headers.Octets.Span));
        Edit(transaction, text);
        return new(Say("headers", text));
    }

    public async ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken)
    {
        var text = Own(await new StreamReader(message, Encoding.Latin1, leaveOpen: true).ReadToEndAsync(cancellationToken));
        Edit(transaction, text);
        return Say("message", text);
    }

    /// <summary>Without the fields that a submission server adds, which tell the time.</summary>
    private static string Own(string text) =>
        string.Join('\n', text.Split('\n').Where(static line => !line.StartsWith("Date: ", StringComparison.Ordinal) && !line.StartsWith("Message-ID: ", StringComparison.Ordinal)));

    private void Edit(MailTransaction transaction, string text)
    {
        switch (Hash("edit", text) % 6)
        {
            case 0:
                transaction.Headers.Add("X-Added", "yes");
                break;
            case 1:
                transaction.Headers.Replace("Subject", "new");
                break;
            case 2:
                transaction.Headers.Remove("Subject");
                break;
        }
    }

    private SmtpVerdict Say(string stage, string? subject) => (Hash(stage, subject) % 16) switch
    {
        0 => SmtpVerdict.Reject(new SmtpReply(450, "4.7.1", "later")),
        1 => SmtpVerdict.Reject(new SmtpReply(550, "5.7.1", "never")),
        2 => SmtpVerdict.Quarantine("maybe"),
        3 => SmtpVerdict.Discard("unwanted"),
        4 => throw new InvalidOperationException("tired"),
        5 => SmtpVerdict.Reject(new SmtpReply(421, "4.7.0", "go")),
        _ => SmtpVerdict.Continue,
    };

    private uint Hash(string stage, string? subject)
    {
        var hash = 2166136261u;
        foreach (var c in $"{seed} {stage} {subject}")
        {
            hash = (hash ^ c) * 16777619;
        }

        return hash >> 8;
    }
}
