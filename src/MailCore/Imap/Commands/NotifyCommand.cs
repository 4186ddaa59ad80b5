using MailCore.Imap.Notify;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5465 3.1.</summary>
internal sealed class NotifyCommand(NotifyRequest request) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var request = reader.NotifyRequest();
        reader.End();
        return new NotifyCommand(request);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var hasMetadata = session.Services.Accounts.Traits.HasFlag(StoreTraits.Metadata);
        if ((request.Events & (NotifyEvents.Unknown | (hasMetadata ? NotifyEvents.None : NotifyEvents.OfMetadata))) != 0)
        {
            return ImapReply.No(
                "Not all of these events are told here",
                $"BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange{(hasMetadata ? " MailboxMetadataChange ServerMetadataChange" : "")})");
        }

        if (request.Groups.Count > session.Options.MaxNotifyGroups)
        {
            return TooMuch;
        }

        // RFC 5465 3.1: what has gathered is told first.
        if (session.Selection is { } selection && !await selection.SyncAsync(session, mayExpunge: true, surely: true))
        {
            return ImapReply.Rejected(CommitError.NoMailbox);
        }

        if (await MailboxWatch.StartAsync(session, request) is not { } watch)
        {
            return TooMuch;
        }

        session.StartWatch(watch);
        return ImapReply.Ok("Listening");
    }

    private static ImapReply TooMuch { get; } = ImapReply.No("This is too much to listen to", "NOTIFICATIONOVERFLOW");
}
