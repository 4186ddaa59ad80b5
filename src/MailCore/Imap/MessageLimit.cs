using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>How many messages one command works on at the most (RFC 9738): of more, those with the highest UIDs, or none.</summary>
/// <param name="most">Null for no limit.</param>
internal readonly struct MessageLimit(int? most)
{
    public int? Most => most;

    public bool Allows(long count) => !(count > most);

    /// <summary>Leaves the messages with the highest UIDs, from the highest down, where there are too many.</summary>
    public MessageLimitNote Cut(ref SequenceSet set, MessageNumbers numbers)
    {
        if (most is not { } count || Allows(set.Count))
        {
            return default;
        }

        set = set.Last(count);
        return new MessageLimitNote(Code(numbers.UidAt(set.Ranges[0].First)));
    }

    /// <summary>The same of UIDs, which are ascending and stay so.</summary>
    public MessageLimitNote Cut(ref Uid[] uids)
    {
        if (most is not { } count || Allows(uids.Length))
        {
            return default;
        }

        uids = uids[^count..];
        return new MessageLimitNote(Code(uids[0]));
    }

    /// <summary>What is said when nothing is done.</summary>
    /// <param name="lowest">Down to where it would have been; null when that says nothing.</param>
    public ImapReply Refusal(Uid? lowest = null) => ImapReply.No("Too many messages for one command", Code(lowest));

    private string Code(Uid? lowest) => lowest is { } uid ? $"MESSAGELIMIT {most} {uid.Value}" : $"MESSAGELIMIT {most}";
}

/// <summary>What a client must be told of messages that its command has left out.</summary>
/// <param name="Code">Null when it has left out none.</param>
internal readonly record struct MessageLimitNote(string? Code)
{
    public bool IsCut => Code is not null;

    /// <summary>The reply with the code in it, or behind an untagged NO with the code where there is another in it (RFC 9738 3.1).</summary>
    public ImapReply Amend(ImapReply reply, ImapWriter writer)
    {
        if (Code is null)
        {
            return reply;
        }

        if (reply.Code is null)
        {
            return reply with { Code = Code, Text = "Done for those with the highest UIDs" };
        }

        writer.Raw("* NO ["u8).Raw(Code).Raw("] Done for those with the highest UIDs"u8).Line();
        return reply;
    }
}
