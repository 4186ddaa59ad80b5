namespace MailCore.Interchange;

/// <summary>Lines of a stream, each with its line end; one longer than the buffer comes in pieces, of which only the first <see cref="IsStart"/>.</summary>
internal sealed class MboxLineReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _at;
    private int _end;
    private bool _endedLine = true;

    /// <summary>Valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    public bool IsStart { get; private set; }

    /// <summary>Octets before the end of the current line.</summary>
    public long Position { get; private set; }

    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var found = _buffer.AsSpan(_at, _end - _at).IndexOf((byte)'\n');
        while (found < 0 && _end - _at < _buffer.Length)
        {
            var searched = _end - _at;
            _buffer.AsSpan(_at, searched).CopyTo(_buffer);
            (_at, _end) = (0, searched);
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (count == 0)
            {
                break;
            }

            _end += count;
            found = _buffer.AsSpan(searched, count).IndexOf((byte)'\n') is >= 0 and var at ? searched + at : -1;
        }

        var length = found < 0 ? _end - _at : found + 1;
        if (length == 0)
        {
            return false;
        }

        Line = _buffer.AsMemory(_at, length);
        IsStart = _endedLine;
        _endedLine = found >= 0;
        _at += length;
        Position += length;
        return true;
    }
}
