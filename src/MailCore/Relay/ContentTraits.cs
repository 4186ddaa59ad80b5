using System.Buffers;
using System.Text;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>What the octets of a message ask of a server, found by reading them once.</summary>
internal readonly record struct ContentTraits
{
    private const int ChunkSize = 32 * 1024;

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    /// <summary>An octet outside ASCII anywhere.</summary>
    public bool IsEightBit { get; private init; }

    /// <summary>One in the header: UTF-8 of RFC 6532, or an error that nobody can mend.</summary>
    public bool HasEightBitHeader { get; private init; }

    /// <summary>NUL.</summary>
    public bool HasNul { get; private init; }

    /// <summary>Every CR and LF is part of a CRLF, and the last line has one.</summary>
    public bool HasCleanLines { get; private init; }

    /// <exception cref="IOException">The message can't be read.</exception>
    public static async ValueTask<ContentTraits> FindAsync(MessageContent message, CancellationToken cancellationToken)
    {
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var scan = new Scan();
            for (var offset = 0L; offset < message.Length;)
            {
                var count = await message.ReadAsync(offset, chunk, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new EndOfStreamException("The store holds fewer octets than it announced.");
                }

                scan.Add(chunk.AsSpan(0, count));
                offset += count;
            }

            return scan.Result;
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

    private struct Scan()
    {
        private ContentTraits _traits = new() { HasCleanLines = true };
        private bool _isAfterCr;
        private bool _isBehindHeader;
        private bool _hasText;

        public readonly ContentTraits Result => _traits with { HasCleanLines = _traits.HasCleanLines && !_isAfterCr && !_hasText };

        public void Add(ReadOnlySpan<byte> octets)
        {
            var isEightBit = !Ascii.IsValid(octets);
            _traits = _traits with
            {
                IsEightBit = _traits.IsEightBit || isEightBit,
                HasNul = _traits.HasNul || octets.Contains((byte)0),
            };
            // The lines of a body count only until one is found wrong.
            while (!octets.IsEmpty && (_traits.HasCleanLines || !_isBehindHeader))
            {
                var end = octets.IndexOfAny(LineEnds);
                var text = end < 0 ? octets : octets[..end];
                Text(text, isEightBit);
                if (end < 0)
                {
                    return;
                }

                End(octets[end]);
                octets = octets[(end + 1)..];
            }
        }

        private void Text(ReadOnlySpan<byte> text, bool isEightBit)
        {
            if (text.IsEmpty)
            {
                return;
            }

            MarkUnclean(_isAfterCr);
            _isAfterCr = false;
            _hasText = true;
            if (isEightBit && !_isBehindHeader && !_traits.HasEightBitHeader)
            {
                _traits = _traits with { HasEightBitHeader = !Ascii.IsValid(text) };
            }
        }

        private void End(byte octet)
        {
            if (octet == '\r')
            {
                MarkUnclean(_isAfterCr);
                _isAfterCr = true;
                return;
            }

            MarkUnclean(!_isAfterCr);
            _isAfterCr = false;
            _isBehindHeader |= !_hasText;
            _hasText = false;
        }

        private void MarkUnclean(bool isUnclean)
        {
            if (isUnclean)
            {
                _traits = _traits with { HasCleanLines = false };
            }
        }
    }
}
