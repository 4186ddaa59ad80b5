using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MailCore.Net;

namespace MailCore.Pop3.Wire;

/// <summary>What a session says. Nothing leaves until a flush: the session flushes before it waits, once for a batch of commands.</summary>
internal sealed class Pop3Output(MailConnection connection, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private const int FullAt = 32 * 1024;

    private readonly TimedPipeWriter _writer = new(connection.Transport.Output, connection, timeout, time);

    /// <summary>For messages and lists.</summary>
    public PipeWriter Writer => _writer;

    /// <summary>Negative status lines so far.</summary>
    public int Errors { get; private set; }

    public bool IsFull => _writer.UnflushedBytes >= FullAt;

    /// <summary>A positive status line.</summary>
    public void Ok(ReadOnlySpan<byte> text) => Line("+OK "u8, text);

    /// <summary>A negative status line; a response code in brackets (RFC 2449 8) is part of the text.</summary>
    public void Error(ReadOnlySpan<byte> text)
    {
        Errors++;
        Line("-ERR "u8, text);
    }

    /// <summary>A server challenge in AUTH (RFC 5034 4).</summary>
    public void Challenge(ReadOnlySpan<byte> data)
    {
        _writer.Write("+ "u8);
        var into = _writer.GetSpan(Base64.GetMaxEncodedToUtf8Length(data.Length));
        Base64.EncodeToUtf8(data, into, out _, out var written);
        _writer.Advance(written);
        _writer.Write("\r\n"u8);
    }

    public Pop3Output Text(ReadOnlySpan<byte> text)
    {
        _writer.Write(text);
        return this;
    }

    public Pop3Output Number(long number)
    {
        Utf8Formatter.TryFormat(number, _writer.GetSpan(20), out var written);
        _writer.Advance(written);
        return this;
    }

    public void EndLine() => _writer.Write("\r\n"u8);

    /// <summary>The end of a multi-line response.</summary>
    public void EndList() => _writer.Write(".\r\n"u8);

    /// <exception cref="IOException">The client left, or did not read in time.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync()
    {
        if ((await _writer.FlushAsync().ConfigureAwait(false)).IsCompleted)
        {
            throw new IOException("The client no longer reads.");
        }
    }

    public void Dispose() => _writer.Dispose();

    private void Line(ReadOnlySpan<byte> status, ReadOnlySpan<byte> text)
    {
        _writer.Write(status);
        _writer.Write(text);
        _writer.Write("\r\n"u8);
    }
}
