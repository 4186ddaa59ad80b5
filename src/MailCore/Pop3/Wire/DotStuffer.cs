using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Pop3.Wire;

/// <summary>
/// Writes octets as a multi-line response (RFC 1939 3), in as many pieces as they come: every dot that begins a line is doubled,
/// and a CRLF is added at the end unless there is one.
/// </summary>
/// <remarks>
/// A line begins after any LF. A client that ends lines there too would otherwise see the end of the response in a message that
/// holds LF dot LF.
/// </remarks>
internal struct DotStuffer()
{
    /// <summary>Room for this many dots before a second piece of memory is asked for.</summary>
    public const int Slack = 64;

    private const ushort CrLf = '\r' << 8 | '\n';

    // The last two octets: at the start as if a line had just ended, which the status line has.
    private ushort _last = CrLf;

    public void Write(PipeWriter writer, ReadOnlySpan<byte> octets)
    {
        if (octets.IsEmpty)
        {
            return;
        }

        var last = octets.Length > 1 ? (ushort)(octets[^2] << 8 | octets[^1]) : (ushort)(_last << 8 | octets[^1]);
        var isLineStart = (byte)_last == '\n';
        _last = last;
        if (isLineStart && octets[0] == '.')
        {
            writer.Write("."u8);
        }

        // Asked for as a whole: a writer hands out small pieces otherwise, and sends each for itself.
        var into = writer.GetSpan(octets.Length + Slack);
        var used = 0;
        int at;
        while ((at = octets.IndexOf("\n."u8)) >= 0)
        {
            if (into.Length - used < at + 2)
            {
                writer.Advance(used);
                into = writer.GetSpan(octets.Length + Slack);
                used = 0;
            }

            octets[..(at + 1)].CopyTo(into[used..]);
            used += at + 1;
            into[used++] = (byte)'.';
            octets = octets[(at + 1)..];
        }

        writer.Advance(used);
        writer.Write(octets);
    }

    /// <summary>The end of the last line, where it has none, and of the response.</summary>
    public readonly void End(PipeWriter writer) => writer.Write(_last == CrLf ? ".\r\n"u8 : "\r\n.\r\n"u8);
}
