using System.Buffers.Text;

namespace MailCore.Mime;

/// <summary>Base64 between two pieces: up to three characters that are not octets yet.</summary>
internal struct Base64State
{
    private const byte None = 0xFF;

    private static readonly byte[] Values = MakeValues();

    private uint _bits;
    private int _count;

    /// <summary>Returns the octets written; <paramref name="into"/> must be as long as <paramref name="source"/> and three more.</summary>
    public int Decode(ReadOnlySpan<byte> source, Span<byte> into)
    {
        var written = 0;
        while (!source.IsEmpty)
        {
            // Whole lines of whole groups take the framework's vectorised way.
            var end = source.IndexOfAny((byte)'\r', (byte)'\n');
            var line = end < 0 ? source : source[..end];
            var groups = line.Length & ~3;
            if (_count == 0 && groups >= 16 && Base64.DecodeFromUtf8(line[..groups], into[written..], out _, out var decoded) == System.Buffers.OperationStatus.Done)
            {
                written += decoded;
                line = line[groups..];
            }

            written += Slowly(line, into[written..]);
            source = end < 0 ? default : source[(end + 1)..];
        }

        return written;
    }

    /// <summary>What an incomplete group at the end stands for, at most two octets.</summary>
    public int Flush(Span<byte> into)
    {
        var octets = _count * 6 / 8;
        if (octets > 0)
            into[0] = (byte)(_bits >> (_count * 6 - 8));

        if (octets > 1)
            into[1] = (byte)(_bits >> (_count * 6 - 16));

        _count = 0;
        _bits = 0;
        return octets;
    }

    private int Slowly(ReadOnlySpan<byte> source, Span<byte> into)
    {
        var written = 0;
        foreach (var octet in source)
        {
            if (octet == '=')
            {
                written += Flush(into[written..]);
                continue;
            }

            var value = Values[octet];
            if (value == None)
                continue;

            _bits = (_bits << 6) | value;
            if (++_count < 4)
                continue;

            into[written] = (byte)(_bits >> 16);
            into[written + 1] = (byte)(_bits >> 8);
            into[written + 2] = (byte)_bits;
            written += 3;
            _count = 0;
            _bits = 0;
        }

        return written;
    }

    private static byte[] MakeValues()
    {
        var values = new byte[256];
        values.AsSpan().Fill(None);
        var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8;
        for (var i = 0; i < alphabet.Length; i++)
            values[alphabet[i]] = (byte)i;

        return values;
    }
}
