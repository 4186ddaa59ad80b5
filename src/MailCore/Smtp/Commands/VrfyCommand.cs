using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp.Commands;

/// <summary>VRFY and EXPN (RFC 5321 4.1.1.6, .7): by default they tell nobody who has an account (7.3).</summary>
internal static class VrfyCommand
{
    // What a reply of reasonable length holds.
    private const int MaxTargets = 100;

    public static ValueTask<SmtpReply?> VrfyAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (argument.IsEmpty)
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.BadArgument);
        }

        if (!session.Tells(session.Options.Verification))
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.CannotVerify);
        }

        return TryParse(argument.Span, out var address) ? VerifyAsync(session, address!) : new ValueTask<SmtpReply?>(SmtpReplies.Ambiguous);
    }

    public static ValueTask<SmtpReply?> ExpnAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (!session.Tells(session.Options.Expansion) || session.Services.Directory is not { } directory)
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.NotOffered);
        }

        return argument.IsEmpty ? new ValueTask<SmtpReply?>(SmtpReplies.BadArgument)
            : TryParse(argument.Span, out var address) ? ExpandAsync(session, directory, address!)
            : new ValueTask<SmtpReply?>(SmtpReplies.Ambiguous);
    }

    /// <summary>The router answers as it would to RCPT.</summary>
    private static async ValueTask<SmtpReply?> VerifyAsync(SmtpSession session, EmailAddress address)
    {
        try
        {
            var transaction = new MailTransaction("-", session.Info, new Envelope(ReversePath.Null), session.Services.Time.GetUtcNow());
            return await session.Services.Router.RouteAsync(transaction, new Recipient(address), session.Connection.Closed).ConfigureAwait(false) switch
            {
                RecipientRoute.Refuse refuse => refuse.Reply,
                RecipientRoute.Relay => SmtpReplies.CannotVerify,
                _ => new SmtpReply(250, "2.1.5", $"<{address}>"),
            };
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, "-", "router");
            return SmtpReplies.LocalError;
        }
    }

    private static async ValueTask<SmtpReply?> ExpandAsync(SmtpSession session, IMailDirectory directory, EmailAddress address)
    {
        try
        {
            return await directory.ResolveAsync(address, session.Connection.Closed).ConfigureAwait(false) switch
            {
                DirectoryEntry.Alias { Targets.Count: > MaxTargets } => SmtpReplies.TooManyTargets,
                DirectoryEntry.Alias { Targets.Count: > 0 } alias => new SmtpReply(250, "2.1.5", string.Join('\n', alias.Targets.Select(static target => $"<{target}>"))),
                DirectoryEntry.Account => new SmtpReply(250, "2.1.5", $"<{address}>"),
                DirectoryEntry.TryLater => SmtpReplies.LocalError,
                _ => SmtpReplies.NoSuchList,
            };
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, "-", "directory");
            return SmtpReplies.LocalError;
        }
    }

    /// <summary>With or without brackets; a domain there must be.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, out EmailAddress? address)
    {
        if (SmtpPath.TryParse(text, out var path) && path.Length == text.Length)
        {
            address = path.Address;
            return address is { Domain.Length: > 0 };
        }

        address = null;
        return System.Text.Unicode.Utf8.IsValid(text) && EmailAddress.TryParse(Encoding.UTF8.GetString(text), out address);
    }
}
