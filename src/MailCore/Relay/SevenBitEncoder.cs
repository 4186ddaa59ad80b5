using System.Buffers;
using System.Net.Mime;
using System.Text;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>
/// Makes a message for servers without 8BITMIME (RFC 6152 3): parts that are declared 8bit or binary become quoted-printable, as they
/// stream by, and the declarations around them 7bit. What it can't carry over is an 8-bit octet where none is declared. For one message.
/// </summary>
internal sealed class SevenBitEncoder
{
    // A line longer than this is no boundary (RFC 2046 5.1.1) and need not be held to its end.
    private const int MaxHeldLine = 1_000;
    private const int MaxHeader = 64 * 1024;
    private const int MaxDepth = 50;
    private const int ChunkSize = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly ArrayBufferWriter<byte> _header = new();
    private readonly List<byte[]> _boundaries = [];
    private QuotedPrintableLine _quoted = new();
    private bool _isHeader = true;
    private bool _isEncoded;
    private bool _isWithinLine;

    /// <summary>There were 8-bit octets that no part declares, or more header than can be held: the result is not 7-bit.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The next octets, cut anywhere.</summary>
    public void Write(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        while (!octets.IsEmpty)
        {
            var feed = octets.IndexOf((byte)'\n');
            _line.Write(feed < 0 ? octets : octets[..(feed + 1)]);
            octets = feed < 0 ? default : octets[(feed + 1)..];
            // A CR at the end may belong to the end of the line.
            if (feed >= 0 || (_line.WrittenCount > MaxHeldLine && !_isHeader && _line.WrittenSpan[^1] != '\r'))
            {
                Take(output);
            }

            HasFailed |= _isHeader && _header.WrittenCount + _line.WrittenCount > MaxHeader;
            if (HasFailed)
            {
                return;
            }
        }
    }

    /// <summary>The end of the message.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        if (_line.WrittenCount > 0)
        {
            Take(output);
        }

        EndHeader(output, isClosed: false);
        if (_isEncoded && _isWithinLine)
        {
            _quoted.End(output);
        }
    }

    private void Take(IBufferWriter<byte> output)
    {
        var line = _line.WrittenSpan;
        var hasEnd = line[^1] == '\n';
        var text = hasEnd ? line[..^1] : line;
        text = hasEnd && text is [.., (byte)'\r'] ? text[..^1] : text;
        if (!_isWithinLine && text.StartsWith("--"u8) && Delimits(text) is { } isLast)
        {
            EndHeader(output, isClosed: false);
            output.Write(line);
            (_isHeader, _isEncoded) = (!isLast, false);
            HasFailed |= !Ascii.IsValid(line);
        }
        else if (_isHeader)
        {
            HasFailed |= !Ascii.IsValid(line);
            if (!hasEnd || !text.IsEmpty)
            {
                _header.Write(line);
            }
            else
            {
                EndHeader(output, isClosed: true);
            }
        }
        else if (_isEncoded)
        {
            _quoted.Write(text, output);
            if (hasEnd)
            {
                _quoted.End(output);
            }
        }
        else
        {
            HasFailed |= !Ascii.IsValid(line);
            output.Write(line);
        }

        _isWithinLine = !hasEnd;
        _line.ResetWrittenCount();
    }

    /// <summary>Whether the line ends the innermost multiparts it is a delimiter of: true for its close, false for a next part, null for neither.</summary>
    private bool? Delimits(ReadOnlySpan<byte> text)
    {
        for (var i = _boundaries.Count - 1; i >= 0; i--)
        {
            if (!text[2..].StartsWith(_boundaries[i]))
            {
                continue;
            }

            var rest = text[(2 + _boundaries[i].Length)..].TrimEnd(" \t"u8);
            if (rest.IsEmpty || rest.SequenceEqual("--"u8))
            {
                _boundaries.RemoveRange(rest.IsEmpty ? i + 1 : i, _boundaries.Count - (rest.IsEmpty ? i + 1 : i));
                return !rest.IsEmpty;
            }
        }

        return null;
    }

    /// <summary>Writes an entity's header as its body will be, and sees what the body is.</summary>
    private void EndHeader(IBufferWriter<byte> output, bool isClosed)
    {
        if (!_isHeader)
        {
            return;
        }

        var (type, encoding) = Find(_header.WrittenSpan);
        var isEightBit = encoding is "8bit" or "binary";
        var isMultipart = type.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase);
        var isMessage = type.MediaType.ToLowerInvariant() is "message/rfc822" or "message/global";
        foreach (var field in new HeaderReader(_header.WrittenSpan))
        {
            if (isEightBit && field.Is("Content-Transfer-Encoding"u8))
            {
                output.Write(isMultipart || isMessage ? "Content-Transfer-Encoding: 7bit\r\n"u8 : "Content-Transfer-Encoding: quoted-printable\r\n"u8);
            }
            else
            {
                output.Write(field.Raw);
            }
        }

        if (isClosed)
        {
            output.Write("\r\n"u8);
        }

        if (isMultipart && type.Boundary is { Length: > 0 } boundary && _boundaries.Count < MaxDepth)
        {
            _boundaries.Add(Encoding.UTF8.GetBytes(boundary));
        }

        (_isHeader, _isEncoded) = (isMessage, isEightBit && !isMultipart && !isMessage);
        _header.ResetWrittenCount();
    }

    /// <summary>How many octets the message then has; null where it can't be made 7-bit.</summary>
    /// <exception cref="MessageReadException">It can't be read.</exception>
    public static async ValueTask<long?> MeasureAsync(MessageContent message, CancellationToken cancellationToken)
    {
        var encoder = new SevenBitEncoder();
        var output = new ArrayBufferWriter<byte>();
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var length = 0L;
            for (var offset = 0L; offset < message.Length && !encoder.HasFailed;)
            {
                var count = await message.ReadAsync(offset, chunk, cancellationToken).ConfigureAwait(false);
                encoder.Write(chunk.AsSpan(0, count), output);
                length += output.WrittenCount;
                output.ResetWrittenCount();
                offset += count > 0 ? count : throw new EndOfStreamException("The store holds fewer octets than it announced.");
            }

            encoder.Complete(output);
            return encoder.HasFailed ? null : length + output.WrittenCount;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new MessageReadException(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private static (ContentType Type, string Encoding) Find(ReadOnlySpan<byte> header)
    {
        var (type, encoding) = (new ContentType("text/plain"), "7bit");
        foreach (var field in new HeaderReader(header))
        {
            if (field.Is("Content-Transfer-Encoding"u8))
            {
                encoding = Encoding.Latin1.GetString(field.RawValue).Trim().ToLowerInvariant();
            }
            else if (field.Is("Content-Type"u8))
            {
                var value = new byte[field.RawValue.Length];
                try
                {
                    type = new ContentType(Encoding.Latin1.GetString(value, 0, field.Unfold(value)).TrimEnd(';', ' '));
                }
                catch (FormatException)
                {
                    // Text, then (RFC 2045 5.2).
                }
            }
        }

        return (type, encoding);
    }

    /// <summary>RFC 2045 6.7.</summary>
    private struct QuotedPrintableLine()
    {
        private const int MaxColumn = 75;

        private int _column;
        private byte? _blank;

        public void Write(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
        {
            foreach (var octet in text)
            {
                WriteBlank(output, isLast: false);
                if (octet is (byte)' ' or (byte)'\t')
                {
                    _blank = octet;
                }
                else if (octet is > (byte)' ' and <= (byte)'~' and not (byte)'=')
                {
                    Put([octet], output);
                }
                else
                {
                    Encode(octet, output);
                }
            }
        }

        public void End(IBufferWriter<byte> output)
        {
            WriteBlank(output, isLast: true);
            output.Write("\r\n"u8);
            _column = 0;
        }

        /// <summary>White space at the end of a line is written so that nothing strips it.</summary>
        private void WriteBlank(IBufferWriter<byte> output, bool isLast)
        {
            if (_blank is not { } blank)
            {
                return;
            }

            _blank = null;
            if (isLast)
            {
                Encode(blank, output);
            }
            else
            {
                Put([blank], output);
            }
        }

        private void Encode(byte octet, IBufferWriter<byte> output)
        {
            const string Hex = "0123456789ABCDEF";
            Put([(byte)'=', (byte)Hex[octet >> 4], (byte)Hex[octet & 15]], output);
        }

        private void Put(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
        {
            if (_column + octets.Length > MaxColumn)
            {
                output.Write("=\r\n"u8);
                _column = 0;
            }

            output.Write(octets);
            _column += octets.Length;
        }
    }
}
