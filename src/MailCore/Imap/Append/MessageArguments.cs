using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>What stands before an appended message: its flags and its internal date.</summary>
internal sealed record MessageArguments(FlagList Flags, DateTimeOffset? Date)
{
    /// <summary>Reads them, and the space before the message.</summary>
    public static MessageArguments Read(ref ImapReader reader)
    {
        reader.Space();
        var flags = FlagList.Empty;
        if (reader.TryOpenList())
        {
            flags = reader.RestOfFlagList();
            reader.Space();
        }

        if (!reader.NextIs((byte)'"'))
        {
            return new MessageArguments(flags, null);
        }

        var date = reader.DateTime();
        reader.Space();
        return new MessageArguments(flags, date);
    }

    public AppendOptions ToOptions() => new() { Flags = Flags.Flags, Keywords = Flags.Keywords, InternalDate = Date };
}
