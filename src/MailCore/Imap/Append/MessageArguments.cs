using System.Text;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>What stands before an appended message: its flags and its internal date.</summary>
internal sealed record MessageArguments(FlagList Flags, DateTimeOffset? Date)
{
    /// <summary>The message stands in "UTF8 (" and ")" (RFC 6855 4).</summary>
    public bool IsUtf8 { get; private init; }

    /// <summary>The message stands in "CATENATE (" and ")", in parts (RFC 4469 3).</summary>
    public bool IsCatenated { get; private init; }

    /// <summary>Reads them, and the space before the message, or the list that it stands in.</summary>
    public static MessageArguments Read(ref ImapReader reader)
    {
        reader.Space();
        var flags = FlagList.Empty;
        if (reader.TryOpenList())
        {
            flags = reader.RestOfFlagList();
            reader.Space();
        }

        DateTimeOffset? date = null;
        if (reader.NextIs((byte)'"'))
        {
            date = reader.DateTime();
            reader.Space();
        }

        var arguments = new MessageArguments(flags, date);
        return reader.Failed || reader.AtEnd ? arguments : ReadForm(ref reader, arguments);
    }

    /// <summary>Flags that the user may not set are left out (RFC 4314 4).</summary>
    public AppendOptions ToOptions(MailboxAccess target) => new()
    {
        Flags = Flags.Flags & target.FlagsKept.Flags,
        Keywords = target.FlagsKept.Keywords ? Flags.Keywords : [],
        InternalDate = Date,
    };

    private static MessageArguments ReadForm(ref ImapReader reader, MessageArguments arguments)
    {
        var start = reader.Position;
        var word = reader.Word();
        var isUtf8 = Ascii.EqualsIgnoreCase(word, "UTF8"u8);
        if (!isUtf8 && !Ascii.EqualsIgnoreCase(word, "CATENATE"u8))
        {
            reader.Fail("a message expected", start);
        }
        else if (isUtf8 && (reader.Features & ImapFeatures.Utf8) == 0)
        {
            reader.Fail("UTF8 is for those who enabled UTF8=ACCEPT", start);
        }

        reader.Space();
        reader.OpenList();
        return arguments with { IsUtf8 = isUtf8, IsCatenated = !isUtf8 };
    }
}
