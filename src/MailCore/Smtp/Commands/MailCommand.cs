using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp.Commands;

/// <summary>MAIL FROM (RFC 5321 4.1.1.2) with the parameters of the extensions announced.</summary>
internal static class MailCommand
{
    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        var refusal = Parse(session, argument.Span, out var envelope);
        if (refusal is not null)
        {
            return refusal;
        }

        if (session.Messages >= session.Options.MaxMessages)
        {
            session.IsOver = true;
            return SmtpReplies.TooManyMessages;
        }

        if (session.Options.RequireOwnedSender && session.Identity is { } identity && envelope!.From.Address is { } sender
            && await CheckOwnerAsync(session, identity.Account, sender).ConfigureAwait(false) is { } notTheirs)
        {
            return notTheirs;
        }

        session.BeginTransaction(envelope!);
        if (session.Filters is { } filters && await filters.MailFromAsync(session.Transaction!).ConfigureAwait(false) is { } filtered)
        {
            session.EndTransaction();
            return filtered;
        }

        return SmtpReplies.SenderOk;
    }

    private static async ValueTask<SmtpReply?> CheckOwnerAsync(SmtpSession session, AccountId account, EmailAddress sender)
    {
        try
        {
            return await session.Services.Directory!.OwnsAsync(account, sender, session.Connection.Closed).ConfigureAwait(false)
                ? null
                : SmtpReplies.NotTheirAddress;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, "-", "directory");
            return SmtpReplies.LocalError;
        }
    }

    private static SmtpReply? Parse(SmtpSession session, ReadOnlySpan<byte> argument, out Envelope? envelope)
    {
        envelope = null;
        var prefix = "FROM:"u8;
        if (argument.Length < prefix.Length || !Ascii.EqualsIgnoreCase(argument[..prefix.Length], prefix))
        {
            return SmtpReplies.BadArgument;
        }

        // A space behind the colon is not in the grammar, but in use.
        var text = argument[prefix.Length..].TrimStart((byte)' ');
        if (!session.Sender.TryParse(text, out var path) || ReferenceEquals(path.Address, EmailAddress.Postmaster))
        {
            return SmtpReplies.BadSender;
        }

        var given = new MailParameters(session);
        var parameters = new EsmtpParameters(text[path.Length..]);
        while (parameters.MoveNext())
        {
            if (given.Take(in parameters) is { } refusal)
            {
                return refusal;
            }
        }

        if (parameters.IsMalformed)
        {
            return SmtpReplies.BadArgument;
        }

        if (path.IsInternationalized && !given.SmtpUtf8)
        {
            return SmtpReplies.NeedsSmtpUtf8;
        }

        if (given.Size > session.Options.MaxMessageSize)
        {
            return SmtpReplies.TooLarge;
        }

        envelope = given.ToEnvelope(new ReversePath(path.Address));
        return null;
    }
}
