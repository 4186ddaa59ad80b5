using System.Buffers.Binary;
using System.Text;

namespace MailCore.Dns.Wire;

/// <summary>Reads a message from front to back. A method that returns false found something that no server should send.</summary>
internal ref struct DnsReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    public int Position { get; set; }

    public readonly int Left => _message.Length - Position;

    public bool TryRead(int count, out ReadOnlySpan<byte> octets)
    {
        octets = default;
        if (count > Left)
        {
            return false;
        }

        octets = _message.Slice(Position, count);
        Position += count;
        return true;
    }

    public bool TryReadNumber(out ushort number)
    {
        number = 0;
        if (!TryRead(2, out var octets))
        {
            return false;
        }

        number = BinaryPrimitives.ReadUInt16BigEndian(octets);
        return true;
    }

    /// <summary>Seconds; RFC 2181 8: with the highest bit set there are none.</summary>
    public bool TryReadSeconds(out uint seconds)
    {
        seconds = 0;
        if (!TryRead(4, out var octets))
        {
            return false;
        }

        var number = BinaryPrimitives.ReadUInt32BigEndian(octets);
        seconds = number > int.MaxValue ? 0 : number;
        return true;
    }

    /// <summary>A name (RFC 1035 4.1.4). Each pointer must lead before the place where the last one led, so there is no loop to follow.</summary>
    public bool TryReadName(out string name)
    {
        name = "";
        var text = new StringBuilder();
        var (octets, at, limit) = (0, Position, Position);
        var end = -1;
        while (at < _message.Length)
        {
            int length = _message[at++];
            if (length == 0)
            {
                Position = end < 0 ? at : end;
                name = text.Length == 0 ? "." : text.ToString();
                return true;
            }

            if (length >= 0xC0)
            {
                if (at >= _message.Length)
                {
                    return false;
                }

                end = end < 0 ? at + 1 : end;
                at = ((length & 0x3F) << 8) | _message[at];
                if (at >= limit)
                {
                    return false;
                }

                limit = at;
                continue;
            }

            octets += length + 1;
            if (length > 63 || octets >= DnsName.MaxOctets || length > _message.Length - at)
            {
                return false;
            }

            if (text.Length > 0)
            {
                text.Append('.');
            }

            DnsName.AppendLabel(_message.Slice(at, length), text);
            at += length;
        }

        return false;
    }

    /// <summary>Moves past a name without following it.</summary>
    public bool TrySkipName()
    {
        while (TryRead(1, out var length))
        {
            if (length[0] == 0)
            {
                return true;
            }

            if (length[0] >= 0xC0)
            {
                return TryRead(1, out _);
            }

            if (length[0] > 63 || !TryRead(length[0], out _))
            {
                return false;
            }
        }

        return false;
    }
}
