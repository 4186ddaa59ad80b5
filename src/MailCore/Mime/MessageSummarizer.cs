namespace MailCore.Mime;

/// <summary>
/// Reads a message once, in pieces of any size, and says what it is made of. The message is never held: memory is bounded by
/// <see cref="MimeLimits"/>, whatever its length. The pieces don't matter: any split gives the same summary. Not thread-safe.
/// </summary>
public sealed class MessageSummarizer
{
    // Bodies are read twice, for delimiters and for line ends; a piece of this size is still in the nearest cache the second time.
    private const int Piece = 32 * 1024;

    private readonly MimeLimits _limits;
    private readonly PartTree _tree;
    private readonly HeaderBlock _block;
    private readonly PreviewText _preview = new();
    private State _state = State.Header;
    private State _afterDelimiter;
    private bool _completed;

    private long _offset;
    private long _lines;
    private byte _last = (byte)'\n';
    private int _lineEndLength;

    // The header block being read, where its current line begins, and how much of it is read for fields.
    private PooledBytes _header;
    private int _headerLineStart;
    private int _headerLines;
    private int _fieldsLength = -1;
    private (int Start, int Length) _envelope;

    // The line being read, as long as it may be a delimiter.
    private PooledBytes _held;
    private long _lineStart;
    private long _linesBefore;

    /// <summary>Starts a message.</summary>
    /// <param name="limits">How much of it is looked at; the defaults when null.</param>
    public MessageSummarizer(MimeLimits? limits = null)
    {
        _limits = limits ?? MimeLimits.Default;
        _tree = new PartTree(_limits);
        _block = new HeaderBlock(_limits);
        _tree.Open(0);
    }

    private enum State
    {
        Header,

        /// <summary>At or near the start of a line that may be a delimiter; <see cref="_held"/> has what was seen of it.</summary>
        LineStart,
        Body,

        /// <summary>Behind the part of a delimiter that matters.</summary>
        DelimiterRest,
    }

    /// <summary>Comparisons of lines with boundaries so far; for tests, which must not depend on clocks.</summary>
    internal long Comparisons => _tree.Comparisons;

    /// <summary>Takes the next octets of the message. They are not needed after the call.</summary>
    /// <exception cref="InvalidOperationException">The message was completed.</exception>
    public void Push(ReadOnlySpan<byte> octets)
    {
        ThrowIfCompleted();
        Take(octets);
    }

    /// <summary>Ends the message. Nothing may be pushed after it.</summary>
    /// <exception cref="InvalidOperationException">The message was completed.</exception>
    public MessageSummary Complete()
    {
        ThrowIfCompleted();
        _completed = true;
        if (_state == State.LineStart && _tree.TryMatch(_held.Span, out var delimiter))
            EndParts(delimiter);

        if (_state == State.DelimiterRest)
            Begin(_afterDelimiter);

        if (_state == State.Header)
            EndLastHeader();

        EndPreview(_offset);
        var encoded = Encode();
        _header.Release();
        _held.Release();
        _block.Release();
        _preview.Release();
        _tree.Release();
        return MessageSummary.FromTrusted(encoded);
    }

    private void ThrowIfCompleted()
    {
        if (_completed)
            throw new InvalidOperationException("The message is complete.");
    }

    private byte[] Encode()
    {
        var result = default(PooledBytes);
        result.Append(MessageSummary.Version);
        result.AppendNumber(_offset);
        result.AppendNumber(_envelope.Length);
        result.Append(_tree.Fields.Span.Slice(_envelope.Start, _envelope.Length));
        result.AppendString(_preview.Result);
        result.AppendNumber(_tree.Count);
        _tree.Finish(_offset, _lines, ref result);
        var encoded = result.Span.ToArray();
        result.Release();
        return encoded;
    }

    private void Take(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var taken = _state switch
            {
                State.Header => TakeHeader(octets),
                State.LineStart => TakeLineStart(octets),
                State.Body => TakeBody(octets),
                _ => TakeDelimiterRest(octets),
            };
            octets = octets[taken..];
        }
    }

    /// <summary>Counts octets of a body or of a delimiter.</summary>
    private void Count(ReadOnlySpan<byte> octets)
    {
        _preview.Append(octets);
        _lines += octets.Count((byte)'\n');
        _offset += octets.Length;
        if (octets[^1] == '\n')
            _lineEndLength = (octets.Length > 1 ? octets[^2] : _last) == '\r' ? 2 : 1;

        _last = octets[^1];
    }

    private void Begin(State state)
    {
        _state = state;
        switch (state)
        {
            case State.Header:
                _tree.Open(_offset);
                _headerLineStart = 0;
                _headerLines = 0;
                _fieldsLength = -1;
                break;
            case State.LineStart when !_tree.HasBoundaries:
                _state = State.Body;
                break;
            case State.LineStart:
                _held.Truncate(0);
                _lineStart = _offset;
                _linesBefore = _lines;
                break;
            default:
                break;
        }
    }

    /// <summary>One line of a header block, or what there is of it.</summary>
    private int TakeHeader(ReadOnlySpan<byte> octets)
    {
        var room = _limits.HeaderOctets - _header.Length;
        var end = octets[..Math.Min(room, octets.Length)].IndexOf((byte)'\n');
        if (end < 0)
        {
            if (octets.Length > room)
            {
                CutHeader();
                return 0;
            }

            _header.Append(octets);
            _offset += octets.Length;
            return octets.Length;
        }

        _header.Append(octets[..(end + 1)]);
        _offset += end + 1;
        _lines++;
        var line = _header.Span[_headerLineStart..];
        if (line.Length == 1 || line.SequenceEqual("\r\n"u8))
        {
            EndHeader();
        }
        else if (_tree.HasBoundaries && _tree.TryMatch(WithoutLineEnd(line), out var delimiter))
        {
            var lineEndLength = line.EndsWith("\r\n"u8) ? 2 : 1;
            EndHeaderAtDelimiter(delimiter);
            _lineEndLength = lineEndLength;
            Begin(_afterDelimiter);
        }
        else
        {
            _headerLineStart = _header.Length;
            if (++_headerLines == _limits.HeaderLines)
                _fieldsLength = _header.Length;
        }

        return end + 1;
    }

    // What decides is the same as in a body: no more than the octets that a delimiter can have.
    private ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\n');
        return line[..Math.Min(line.Length, _tree.DelimiterLength)];
    }

    /// <summary>The current line does not fit any more: it and all behind it are body.</summary>
    private void CutHeader()
    {
        var line = _header.Span[_headerLineStart..].ToArray();
        _offset -= line.Length;
        _header.Truncate(_headerLineStart);
        EndHeader();
        Take(line);
    }

    private void EndLastHeader()
    {
        var line = _header.Span[_headerLineStart..];
        if (_tree.HasBoundaries && _tree.TryMatch(WithoutLineEnd(line), out var delimiter))
        {
            EndHeaderAtDelimiter(delimiter);
            if (_afterDelimiter != State.Header)
                return;

            Begin(State.Header);
        }

        while (_state == State.Header)
            EndHeader();
    }

    /// <summary>The part has no empty line: its header, and with it its empty body, ends where the delimiter begins.</summary>
    private void EndHeaderAtDelimiter(Delimiter delimiter)
    {
        var length = _header.Length - _headerLineStart;
        var lineEnds = _header.Span[^1] == '\n' ? 1 : 0;
        _header.Truncate(_headerLineStart);
        _offset -= length;
        _lines -= lineEnds;
        while (_state == State.Header)
            EndHeader();

        EndParts(delimiter);
        _offset += length;
        _lines += lineEnds;
    }

    /// <summary>Reads the fields of the header block, which ends at <see cref="_offset"/>, and goes on to the body or the message in it.</summary>
    private void EndHeader()
    {
        var block = _header.Span[..(_fieldsLength < 0 ? _header.Length : Math.Min(_fieldsLength, _header.Length))];
        _block.Read(block);
        AppendFields(block);
        var isAttachment = _block.IsAttachment(block);

        // A body can be long and its sender slow.
        _header.Release();
        ref var part = ref _tree.Top;
        part.BodyOffset = _offset;
        part.LinesBefore = _lines;
        var content = new ContentSummary(_tree.Fields.Span.Slice(part.FieldsStart, part.FieldsLength), part.TypeLength, part.Fields);
        part.Kind = content.Kind;
        part.IsDigest = content.IsDigest;
        switch (part.Kind)
        {
            case MediaKind.Message when _tree.TryNest():
                Begin(State.Header);
                return;
            case MediaKind.Multipart:
                var boundary = default(PooledBytes);
                content.Boundary(ref boundary);
                _tree.AddBoundary(boundary.Span);
                boundary.Release();
                break;
            case MediaKind.Leaf when content.IsReadable && !isAttachment:
                _preview.Begin(content);
                break;
            default:
                break;
        }

        Begin(State.LineStart);
    }

    private void AppendFields(ReadOnlySpan<byte> block)
    {
        ref var part = ref _tree.Top;
        var parent = part.Parent;
        var messageByDefault = parent >= 0 && _tree[parent].IsDigest;
        part.FieldsStart = _tree.Fields.Length;
        if (_block.AppendType(block, messageByDefault, ref _tree.Fields))
            part.Fields |= PartFields.Type;

        part.TypeLength = _tree.Fields.Length - part.FieldsStart;
        part.Fields |= _block.AppendContent(block, ref _tree.Fields);
        part.FieldsLength = _tree.Fields.Length - part.FieldsStart;
        if (parent >= 0 && _tree[parent].Kind != MediaKind.Message)
            return;

        var start = _tree.Fields.Length;
        _block.AppendEnvelope(block, ref _tree.Fields);
        var envelope = (start, _tree.Fields.Length - start);
        if (parent < 0)
            _envelope = envelope;
        else
            (_tree[parent].EnvelopeStart, _tree[parent].EnvelopeLength) = envelope;
    }

    /// <summary>The beginning of a line, as long as it may be a delimiter.</summary>
    private int TakeLineStart(ReadOnlySpan<byte> octets)
    {
        if (_held.Length == 0 && (octets[0] != '-' || (octets.Length > 1 && octets[1] != '-')))
        {
            _state = State.Body;
            return 0;
        }

        var wanted = _tree.DelimiterLength - _held.Length;
        var line = octets[..Math.Min(wanted, octets.Length)];
        var end = line.IndexOf((byte)'\n');
        var decided = end >= 0 || line.Length == wanted;
        if (end >= 0)
            line = line[..end];

        if (!decided || _held.Length > 0)
        {
            _held.Append(line);
            if (!decided)
            {
                Count(line);
                return line.Length;
            }
        }

        if (!_tree.TryMatch(_held.Length > 0 ? _held.Span : line, out var delimiter))
            _state = State.Body;
        else
            EndParts(delimiter);

        if (!line.IsEmpty)
            Count(line);

        return line.Length;
    }

    /// <summary>Octets up to the next line that may be a delimiter.</summary>
    private int TakeBody(ReadOnlySpan<byte> octets)
    {
        octets = octets[..Math.Min(Piece, octets.Length)];
        if (!_tree.HasBoundaries)
        {
            Count(octets);
            return octets.Length;
        }

        var next = octets.IndexOf("\n--"u8);
        var taken = next >= 0 ? next + 1
            : octets.Length > 1 && octets.EndsWith("\n-"u8) ? octets.Length - 1
            : octets.Length;
        Count(octets[..taken]);
        if (_last == '\n')
            Begin(State.LineStart);

        return taken;
    }

    private int TakeDelimiterRest(ReadOnlySpan<byte> octets)
    {
        var end = octets.IndexOf((byte)'\n');
        var taken = end < 0 ? octets.Length : end + 1;
        Count(octets[..taken]);
        if (end >= 0)
            Begin(_afterDelimiter);

        return taken;
    }

    /// <summary>The line at <see cref="_lineStart"/> is a delimiter. The line end before it is its own unless it ends a header block.</summary>
    private void EndParts(Delimiter delimiter)
    {
        var end = Math.Max(_lineStart - _lineEndLength, _tree.Top.BodyOffset);
        var lines = end < _lineStart ? _linesBefore - 1 : _linesBefore;
        EndPreview(end);
        _afterDelimiter = _tree.Apply(delimiter, end, lines) ? State.Header : State.LineStart;
        _state = State.DelimiterRest;
    }

    private void EndPreview(long end) => _preview.End(end - _tree.Top.BodyOffset);
}
