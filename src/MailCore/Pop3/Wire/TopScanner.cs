namespace MailCore.Pop3.Wire;

/// <summary>
/// Finds where TOP ends (RFC 1939 7): after the header, the empty line and a number of lines of the body. Takes the message in as
/// many pieces as it comes.
/// </summary>
internal struct TopScanner(long bodyLines)
{
    private long _left = bodyLines;
    private bool _inBody;

    // Octets of the line at hand other than a CR in its first place.
    private bool _lineHasText;
    private bool _lineHasCr;

    public bool IsDone { get; private set; }

    /// <summary>How many of these octets belong to the answer.</summary>
    public int Take(ReadOnlySpan<byte> octets)
    {
        var taken = 0;
        while (!IsDone && taken < octets.Length)
        {
            var rest = octets[taken..];
            var feed = rest.IndexOf((byte)'\n');
            Note(feed < 0 ? rest : rest[..feed]);
            if (feed < 0)
            {
                return octets.Length;
            }

            taken += feed + 1;
            EndLine();
        }

        return taken;
    }

    private void Note(ReadOnlySpan<byte> text)
    {
        if (text is [(byte)'\r'] && !_lineHasText && !_lineHasCr)
        {
            _lineHasCr = true;
        }
        else if (!text.IsEmpty)
        {
            _lineHasText = true;
        }
    }

    private void EndLine()
    {
        if (_inBody)
        {
            _left--;
        }
        else
        {
            _inBody = !_lineHasText;
        }

        (_lineHasText, _lineHasCr) = (false, false);
        IsDone = _inBody && _left <= 0;
    }
}
