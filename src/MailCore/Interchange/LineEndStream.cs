namespace MailCore.Interchange;

/// <summary>
/// Reads a message of a file as it goes over the wire. Where the file's first line ends in a bare LF all such line ends become CRLF;
/// otherwise the octets stay as they are. Owns the file.
/// </summary>
internal sealed class LineEndStream(Stream file) : Stream
{
    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _at;
    private int _end;
    private byte _last;
    private bool? _converts;
    private bool _owesLineFeed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_at == _end)
        {
            _at = 0;
            _end = await file.ReadAsync(_buffer, cancellationToken);
            if (_end == 0)
            {
                return 0;
            }
        }

        return Convert(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Convert(Span<byte> into)
    {
        var written = 0;
        while (written < into.Length && _at < _end)
        {
            var rest = _buffer.AsSpan(_at, _end - _at);
            if (_owesLineFeed)
            {
                _owesLineFeed = false;
                into[written++] = (byte)'\n';
                _at++;
                _last = (byte)'\n';
                continue;
            }

            var plain = _converts == false ? rest.Length : rest.IndexOf((byte)'\n') is >= 0 and var found ? found : rest.Length;
            var copied = Math.Min(plain, into.Length - written);
            rest[..copied].CopyTo(into[written..]);
            written += copied;
            _at += copied;
            if (copied > 0)
            {
                _last = rest[copied - 1];
            }

            if (copied < plain || plain == rest.Length)
            {
                continue;
            }

            _converts ??= _last != (byte)'\r';
            if (_converts == true && _last != (byte)'\r')
            {
                if (written < into.Length)
                {
                    into[written++] = (byte)'\r';
                    _owesLineFeed = true;
                }
            }
            else if (written < into.Length)
            {
                into[written++] = (byte)'\n';
                _at++;
                _last = (byte)'\n';
            }
        }

        return written;
    }
}
