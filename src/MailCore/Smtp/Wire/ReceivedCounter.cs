namespace MailCore.Smtp.Wire;

/// <summary>Counts the Received fields of a header that comes in pieces of any size (RFC 5321 6.3).</summary>
internal struct ReceivedCounter
{
    private const int RestOfLine = -1;

    private static ReadOnlySpan<byte> Name => "received"u8;

    // Octets of the name that the line has shown so far.
    private int _matched;

    public int Count { get; private set; }

    /// <summary>The empty line was seen; nothing behind it counts.</summary>
    public bool IsPastHeader { get; private set; }

    public void Push(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty && !IsPastHeader)
        {
            var octet = octets[0];
            if (_matched == RestOfLine)
            {
                var feed = octets.IndexOf((byte)'\n');
                if (feed < 0)
                {
                    return;
                }

                octets = octets[(feed + 1)..];
                _matched = 0;
            }
            else if (_matched == 0 && octet is (byte)'\r' or (byte)'\n')
            {
                IsPastHeader = true;
            }
            else if (_matched < Name.Length ? (octet | 0x20) == Name[_matched] : octet is (byte)' ' or (byte)'\t')
            {
                _matched = Math.Min(_matched + 1, Name.Length);
                octets = octets[1..];
            }
            else
            {
                Count += _matched == Name.Length && octet == ':' ? 1 : 0;
                _matched = RestOfLine;
            }
        }
    }
}
