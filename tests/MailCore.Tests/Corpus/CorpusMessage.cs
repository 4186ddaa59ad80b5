namespace MailCore.Tests.Corpus;

/// <summary>A test message: its name, and its octets as often as wanted.</summary>
public sealed class CorpusMessage(string name, long length, Func<Stream> open)
{
    public string Name { get; } = name;

    public long Length { get; } = length;

    public Stream Open() => open();

    /// <summary>For messages that may be held whole.</summary>
    public byte[] ReadAll()
    {
        using var stream = open();
        var octets = new byte[Length];
        stream.ReadExactly(octets);
        return stream.ReadByte() < 0 ? octets : throw new InvalidOperationException($"{Name} is longer than {Length} octets.");
    }

    /// <summary>
    /// Whether SMTP's DATA carries the octets unchanged: lines end in CRLF, the last one too, and there is no bare CR, bare LF or
    /// NUL and no line of more than 998 octets.
    /// </summary>
    public bool SurvivesSmtp()
    {
        using var stream = new BufferedStream(open(), 64 * 1024);
        int octet, last = '\n', column = 0;
        while ((octet = stream.ReadByte()) >= 0)
        {
            if (octet == 0 || (last == '\r') != (octet == '\n') || (octet is not ('\r' or '\n') && ++column > 998))
                return false;

            column = octet == '\n' ? 0 : column;
            last = octet;
        }

        return last == '\n';
    }

    public override string ToString() => Name;
}
