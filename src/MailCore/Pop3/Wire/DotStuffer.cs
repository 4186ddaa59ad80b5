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
        if ((byte)_last == '\n' && octets[0] == '.')
        {
            writer.Write("."u8);
        }

        _last = last;
        int at;
        while ((at = octets.IndexOf("\n."u8)) >= 0)
        {
            writer.Write(octets[..(at + 1)]);
            writer.Write("."u8);
            octets = octets[(at + 1)..];
        }

        writer.Write(octets);
    }

    /// <summary>The end of the last line, where it has none, and of the response.</summary>
    public readonly void End(PipeWriter writer) => writer.Write(_last == CrLf ? ".\r\n"u8 : "\r\n.\r\n"u8);
}
