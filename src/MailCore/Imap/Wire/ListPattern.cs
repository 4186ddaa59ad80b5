using System.Text;

namespace MailCore.Imap.Wire;

/// <summary>
/// A pattern of LIST over names as the client writes them: '*' stands for anything, '%' for anything within one level. "INBOX" as a first
/// level matches in any case.
/// </summary>
internal sealed class ListPattern
{
    private readonly byte[] _pattern;
    private readonly bool _isUtf8;
    private readonly int _fixed;

    /// <param name="pattern">Its octets.</param>
    /// <param name="isUtf8">They are UTF-8, and not modified UTF-7.</param>
    public ListPattern(ReadOnlySpan<byte> pattern, bool isUtf8 = false)
    {
        _isUtf8 = isUtf8;
        // A run of wildcards means no more than its strongest.
        var shorter = new List<byte>(pattern.Length);
        foreach (var octet in pattern)
        {
            if (octet is (byte)'*' or (byte)'%' && shorter is [.., (byte)'*' or (byte)'%'])
            {
                shorter[^1] = octet == '*' ? octet : shorter[^1];
            }
            else
            {
                shorter.Add(octet);
            }
        }

        _pattern = [.. shorter];
        _fixed = shorter.Count(static octet => octet is not ((byte)'*' or (byte)'%'));
    }

    /// <summary>What every name that matches begins with; in doubt less than that.</summary>
    public string Beginning
    {
        get
        {
            var end = _pattern.AsSpan().IndexOfAny("*%&"u8);
            var plain = end < 0 ? _pattern : _pattern.AsSpan(0, end);
            var other = plain.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
            return Encoding.ASCII.GetString(other < 0 ? plain : plain[..other]);
        }
    }

    /// <summary>RFC 3501 6.3.8, 6.3.9: then levels count that are no mailboxes themselves.</summary>
    public bool EndsInPercent => _pattern is [.., (byte)'%'];

    public bool Matches(string name)
    {
        var text = _isUtf8 ? Encoding.UTF8.GetBytes(name) : Encoding.ASCII.GetBytes(ModifiedUtf7.Encode(name));
        return text.Length >= _fixed && Matches(text, IsInbox(name) ? 5 : 0);
    }

    private static bool IsInbox(string name) => name.StartsWith("INBOX", StringComparison.Ordinal) && (name.Length == 5 || name[5] == '/');

    // One row of the table of pattern prefixes against name prefixes at a time: no pattern is worse than their lengths multiplied.
    private bool Matches(ReadOnlySpan<byte> text, int withoutCase)
    {
        Span<bool> row = text.Length < 256 ? stackalloc bool[text.Length + 1] : new bool[text.Length + 1];
        row.Clear();
        row[0] = true;
        foreach (var octet in _pattern)
        {
            if (octet is (byte)'*' or (byte)'%')
            {
                for (var i = 1; i < row.Length; i++)
                {
                    row[i] |= row[i - 1] && (octet == '*' || text[i - 1] != '/');
                }
            }
            else
            {
                for (var i = row.Length - 1; i > 0; i--)
                {
                    row[i] = row[i - 1] && (text[i - 1] == octet || (i <= withoutCase && (text[i - 1] | 0x20) == (octet | 0x20)));
                }

                row[0] = false;
            }
        }

        return row[^1];
    }
}
