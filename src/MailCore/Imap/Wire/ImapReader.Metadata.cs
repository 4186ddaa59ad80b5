using MailCore.Imap.Metadata;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>A mailbox name, or "" for the server itself, as null.</summary>
    public MailboxName? MailboxOrServer()
    {
        var start = _position;
        if (Astring().IsEmpty)
        {
            return null;
        }

        _position = start;
        return Mailbox();
    }

    /// <summary>Options of GETMETADATA in parentheses (RFC 5464 4.2.1, 4.2.2).</summary>
    public MetadataOptions MetadataOptions()
    {
        var options = new MetadataOptions(0, null);
        OpenList();
        do
        {
            var start = _position;
            var option = Word();
            Space();
            if (Is(option, "MAXSIZE"u8))
            {
                options = options with { MaxSize = Number() };
            }
            else if (Is(option, "DEPTH"u8))
            {
                options = options with { Depth = MetadataDepth() };
            }
            else
            {
                Fail("there is no such option", start);
            }
        }
        while (!Failed && NextElement());

        return options;
    }

    /// <summary>Whether a list follows that begins with a word, which no list of entries does.</summary>
    public readonly bool NextIsOptions() => NextIs((byte)'(') && Rest.Length > 1 && char.IsAsciiLetter((char)Rest[1]);

    /// <summary>Names of entries to read: one, or a list in parentheses.</summary>
    public List<string> MetadataEntries()
    {
        var entries = new List<string>();
        if (TryOpenList())
        {
            do
            {
                entries.Add(MetadataEntry(mayBeTop: true));
            }
            while (!Failed && NextElement());
        }
        else
        {
            entries.Add(MetadataEntry(mayBeTop: true));
        }

        return entries;
    }

    /// <summary>Entries to set with their values, in parentheses; NIL removes one.</summary>
    public List<(string Entry, byte[]? Value)> MetadataValues()
    {
        var values = new List<(string, byte[]?)>();
        OpenList();
        do
        {
            var entry = MetadataEntry(mayBeTop: false);
            Space();
            // A literal8 is a literal that may hold NULs (RFC 3516).
            values.Add((entry, TryByte((byte)'~') && NextIs((byte)'{') ? Literal().ToArray() : NString()));
        }
        while (!Failed && NextElement());

        return values;
    }

    private int MetadataDepth()
    {
        var start = _position;
        var depth = Atom();
        if (Is(depth, "INFINITY"u8))
        {
            return int.MaxValue;
        }

        if (!Failed && !Is(depth, "0"u8) && !Is(depth, "1"u8))
        {
            Fail("0, 1 or infinity expected", start);
        }

        return Is(depth, "1"u8) ? 1 : 0;
    }

    // RFC 5464 5. What lies below "/private" and "/shared" can be asked for; they are no entries themselves.
    private string MetadataEntry(bool mayBeTop)
    {
        var start = _position;
        var text = Text();
        if (Failed || (mayBeTop && text.ToLowerInvariant() is "/private" or "/shared"))
        {
            return text.ToLowerInvariant();
        }

        if (!Storage.MetadataEntry.TryParseName(text, out var name))
        {
            Fail("the name of an entry expected", start);
        }

        return name;
    }
}
