using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>Flags as a client names them.</summary>
internal sealed record FlagList(SystemFlags Flags, IReadOnlyList<string> Keywords)
{
    public static FlagList Empty { get; } = new(SystemFlags.None, []);
}

internal ref partial struct ImapReader
{
    /// <summary>flag-list, of which the parenthesis has been read.</summary>
    public FlagList RestOfFlagList() => TryCloseList() ? FlagList.Empty : Flags(inList: true);

    /// <summary>flag-list, or its elements without parentheses, as STORE takes them.</summary>
    public FlagList FlagsOrList() => TryOpenList() ? RestOfFlagList() : Flags(inList: false);

    /// <summary>use-attr (RFC 6154 6), with its backslash.</summary>
    public string UseAttribute()
    {
        Expect((byte)'\\', "a use such as \\Sent expected");
        return "\\" + Encoding.ASCII.GetString(Atom());
    }

    private FlagList Flags(bool inList)
    {
        var flags = SystemFlags.None;
        var keywords = new List<string>();
        do
        {
            if (TryByte((byte)'\\'))
            {
                flags |= SystemFlag();
            }
            else
            {
                var keyword = Encoding.ASCII.GetString(Atom());
                if (!keywords.Contains(keyword, StringComparer.OrdinalIgnoreCase))
                {
                    keywords.Add(keyword);
                }
            }
        }
        while (!Failed && (inList ? NextElement() : TrySpace()));

        return new FlagList(flags, keywords);
    }

    private SystemFlags SystemFlag()
    {
        var start = _position;
        var name = Atom();
        foreach (var (flag, known) in FlagNames.System)
        {
            if (Is(name, known))
            {
                return flag;
            }
        }

        // RFC 3501 2.3.2: clients can't alter it; some give it back to us in APPEND.
        if (!Failed && !Is(name, "Recent"u8))
        {
            Fail("there is no such system flag", start);
        }

        return SystemFlags.None;
    }
}

/// <summary>The system flags' names, without backslash.</summary>
internal static class FlagNames
{
    public static (SystemFlags Flag, byte[] Name)[] System { get; } =
    [
        (SystemFlags.Answered, "Answered"u8.ToArray()),
        (SystemFlags.Flagged, "Flagged"u8.ToArray()),
        (SystemFlags.Deleted, "Deleted"u8.ToArray()),
        (SystemFlags.Seen, "Seen"u8.ToArray()),
        (SystemFlags.Draft, "Draft"u8.ToArray()),
    ];
}
