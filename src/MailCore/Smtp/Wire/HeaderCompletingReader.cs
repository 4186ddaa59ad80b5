using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace MailCore.Smtp.Wire;

/// <summary>
/// What a submission server owes a message (RFC 6409 8): Bcc fields are left out, and a Date or Message-ID that is missing is added
/// at the header's end. Everything else passes as it is; behind the header nothing is looked at.
/// </summary>
/// <param name="inner">Lines that end in CRLF.</param>
/// <param name="date">A whole Date field with its CRLF.</param>
/// <param name="messageId">A whole Message-ID field with its CRLF.</param>
internal sealed class HeaderCompletingReader(PipeReader inner, ReadOnlyMemory<byte> date, ReadOnlyMemory<byte> messageId) : HoldingPipeReader(inner)
{
    // Longer than any name looked for, white space before the colon included.
    private const int NameOctets = 64;

    private bool _isPastHeader;
    private bool _isAtLineStart = true;
    private bool _isFirstLine = true;
    private bool _drops;
    private bool _hasDate;
    private bool _hasMessageId;

    protected override bool Take(in ReadResult result)
    {
        Passes = _isPastHeader && Held.Count == 0;
        if (Passes)
        {
            return true;
        }

        var rest = _isPastHeader ? TakeBody(result.Buffer) : TakeHeader(result.Buffer, result.IsCompleted);
        var wantsMore = !_isPastHeader && Held.Room > 0;
        if (result.IsCompleted && rest.IsEmpty)
        {
            if (!_isPastHeader)
            {
                EndHeader();
            }

            IsEnded = true;
        }

        Inner.AdvanceTo(rest.Start, wantsMore ? result.Buffer.End : rest.Start);
        return false;
    }

    private ReadOnlySequence<byte> TakeBody(ReadOnlySequence<byte> octets)
    {
        var piece = octets.Slice(0, Math.Min(octets.Length, HeldOctets.Capacity));
        Held.Add(in piece);
        return octets.Slice(piece.End);
    }

    private ReadOnlySequence<byte> TakeHeader(ReadOnlySequence<byte> rest, bool isWhole)
    {
        while (!rest.IsEmpty && Held.Room > 0)
        {
            var feed = rest.PositionOf((byte)'\n');
            if (_isAtLineStart)
            {
                if (feed is null && rest.Length < NameOctets && !isWhole)
                {
                    break;
                }

                if (BeginLine(rest))
                {
                    EndHeader();
                    break;
                }
            }

            var piece = feed is { } at ? rest.Slice(0, rest.GetPosition(1, at)) : rest;
            if (!_drops)
            {
                Held.Add(in piece);
            }

            _isAtLineStart = feed is not null;
            rest = rest.Slice(piece.End);
        }

        return rest;
    }

    /// <summary>True when the line belongs to the body already.</summary>
    private bool BeginLine(in ReadOnlySequence<byte> line)
    {
        Span<byte> start = stackalloc byte[NameOctets];
        var count = (int)Math.Min(NameOctets, line.Length);
        line.Slice(0, count).CopyTo(start);
        start = start[..count];
        if (start[0] is (byte)'\r' or (byte)'\n')
        {
            return true;
        }

        var isFirst = _isFirstLine;
        _isFirstLine = false;
        if (start[0] is (byte)' ' or (byte)'\t')
        {
            return false;
        }

        var colon = start.IndexOf((byte)':');
        var name = (colon < 0 ? start : start[..colon]).TrimEnd(" \t"u8);
        if (isFirst && name.ContainsAnyInRange((byte)0, (byte)' '))
        {
            // A message without any header.
            EndHeader();
            Held.Add("\r\n"u8);
            return true;
        }

        _drops = Ascii.EqualsIgnoreCase(name, "Bcc"u8);
        _hasDate |= Ascii.EqualsIgnoreCase(name, "Date"u8);
        _hasMessageId |= Ascii.EqualsIgnoreCase(name, "Message-ID"u8);
        return false;
    }

    private void EndHeader()
    {
        if (_isPastHeader)
        {
            return;
        }

        _isPastHeader = true;
        if (!_hasDate)
        {
            Held.Add(date.Span);
        }

        if (!_hasMessageId)
        {
            Held.Add(messageId.Span);
        }
    }
}
