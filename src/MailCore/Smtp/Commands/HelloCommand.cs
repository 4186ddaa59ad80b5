using System.Buffers;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>EHLO and HELO (RFC 5321 4.1.1.1), LHLO (RFC 2033 4.1). Each ends a transaction that was open.</summary>
internal static class HelloCommand
{
    // More than the grammar has, less than could confuse a header: clients call themselves many things.
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:[]");

    public static ValueTask<SmtpReply?> EhloAsync(SmtpSession session, ReadOnlyMemory<byte> argument) => Run(session, HelloKind.Ehlo, argument.Span);

    public static ValueTask<SmtpReply?> HeloAsync(SmtpSession session, ReadOnlyMemory<byte> argument) => Run(session, HelloKind.Helo, argument.Span);

    public static ValueTask<SmtpReply?> LhloAsync(SmtpSession session, ReadOnlyMemory<byte> argument) => Run(session, HelloKind.Lhlo, argument.Span);

    /// <summary>Whether a client may call itself so.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= EmailAddress.MaxDomain && (EmailAddress.IsDomain(name) || !name.AsSpan().ContainsAnyExcept(NameCharacters));

    private static ValueTask<SmtpReply?> Run(SmtpSession session, HelloKind kind, ReadOnlySpan<byte> argument)
    {
        if (argument.IsEmpty || argument.Length > EmailAddress.MaxDomain || !System.Text.Unicode.Utf8.IsValid(argument))
        {
            return new(SmtpReplies.BadArgument);
        }

        var name = session.ClientName is { } known && Encoding.UTF8.GetByteCount(known) == argument.Length && Ascii.Equals(argument, known)
            ? known
            : Encoding.UTF8.GetString(argument);
        if (!IsName(name))
        {
            return new(SmtpReplies.BadArgument);
        }

        session.Greet(kind, name);
        return session.Filters is { } filters ? AskAsync(session, filters) : new(Answer(session));
    }

    private static async ValueTask<SmtpReply?> AskAsync(SmtpSession session, SmtpFilterChain filters)
    {
        if (await filters.HelloAsync().ConfigureAwait(false) is { } refusal)
        {
            session.ForgetHello();
            return refusal;
        }

        return Answer(session);
    }

    private static SmtpReply? Answer(SmtpSession session)
    {
        if (session.Hello == HelloKind.Helo)
        {
            return session.Protocol.Hello;
        }

        session.WriteCapabilities();
        return null;
    }
}
