using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Smtp.Wire;

/// <summary>
/// Writes a message as DATA wants it (RFC 5321 4.5.2): dots stuffed, every line ended by CRLF. A CR or LF that stands alone becomes
/// CRLF, so that nobody further on takes it for more than it is. For one message.
/// </summary>
internal struct DataEncoder
{
    private bool _isWithinLine;
    private bool _isAfterCr;

    /// <summary>The next octets, cut anywhere.</summary>
    public void Write(PipeWriter output, ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            if (_isAfterCr)
            {
                _isAfterCr = false;
                EndLine(output);
                octets = octets[0] == '\n' ? octets[1..] : octets;
                continue;
            }

            if (!_isWithinLine && octets[0] == '.')
            {
                output.Write("."u8);
            }

            var end = octets.IndexOfAny((byte)'\r', (byte)'\n');
            var text = end < 0 ? octets : octets[..end];
            output.Write(text);
            _isWithinLine |= !text.IsEmpty;
            if (end < 0)
            {
                return;
            }

            _isAfterCr = octets[end] == '\r';
            if (!_isAfterCr)
            {
                EndLine(output);
            }

            octets = octets[(end + 1)..];
        }
    }

    /// <summary>The end of the last line, and of the message.</summary>
    public void Complete(PipeWriter output)
    {
        if (_isWithinLine || _isAfterCr)
        {
            EndLine(output);
        }

        output.Write(".\r\n"u8);
    }

    private void EndLine(PipeWriter output)
    {
        _isWithinLine = false;
        output.Write("\r\n"u8);
    }
}
