using System.Buffers;
using System.Text;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Relay.Security;
using MailCore.Smtp.Wire;
using MailCore.Storage;
using MailCore.Tls;

namespace MailCore.Relay;

/// <summary>
/// Commands out, replies in, and a message between them. Whatever leaves the two sides out of step ends the connection with an
/// <see cref="IOException"/>. One caller at a time.
/// </summary>
internal sealed class SmtpClientChannel : IAsyncDisposable
{
    private const int MaxUnflushed = 16 * 1024;
    private const int ChunkSize = 32 * 1024;

    private readonly MailConnection _connection;
    private readonly SmtpClientOptions _options;
    private readonly TimeProvider _time;
    private readonly LineFramer _framer;
    private TimedPipeWriter _output;

    /// <summary>Over a connection that nothing has been read from yet; disposing this disposes it.</summary>
    public SmtpClientChannel(MailConnection connection, SmtpClientOptions options, TimeProvider time)
    {
        (_connection, _options, _time) = (connection, options, time);
        _framer = new LineFramer(connection.Transport.Input, time);
        _output = NewOutput();
    }

    public bool IsSecured => _connection.Tls is not null;

    /// <summary>What was found about the server's certificate; null before a handshake.</summary>
    public CertificateCheck? Certificate { get; private set; }

    /// <summary>Puts a command behind those that wait for the next flush.</summary>
    public void Write(string command)
    {
        if (command.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw new ArgumentException("A command is one line.", nameof(command));
        }

        // An answer before the question is somebody else's; it would be taken for the answer to this, and all after it for the wrong ones.
        if (_output.UnflushedBytes == 0 && _framer.HasBufferedData)
        {
            throw Break("The server spoke unasked.");
        }

        var octets = _output.GetSpan(Encoding.UTF8.GetMaxByteCount(command.Length) + 2);
        var count = Encoding.UTF8.GetBytes(command, octets);
        "\r\n"u8.CopyTo(octets[count..]);
        _output.Advance(count + 2);
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        using var abort = cancellationToken.UnsafeRegister(static connection => ((MailConnection)connection!).Abort(null), _connection);
        try
        {
            if ((await _output.FlushAsync(CancellationToken.None).ConfigureAwait(false)).IsCompleted)
            {
                throw Break("The server no longer reads.");
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    public async ValueTask<SmtpReply> SendAsync(string command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Write(command);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return await ReadAsync(timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The next reply. The time is for the whole of it: an octet now and then does not lengthen it.</summary>
    public async ValueTask<SmtpReply> ReadAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var interrupt = cancellationToken.UnsafeRegister(static framer => ((LineFramer)framer!).Interrupt(), _framer);
        var started = _time.GetTimestamp();
        var parser = new SmtpReplyParser(_options.MaxReplyLines);
        while (true)
        {
            var status = _framer.TryReadLine(_options.MaxReplyLine, out var line);
            if (status is LineStatus.TooLong or LineStatus.Endless)
            {
                throw Break("A line of the server's is too long.");
            }

            if (status == LineStatus.Incomplete)
            {
                await FillAsync(timeout - _time.GetElapsedTime(started), cancellationToken).ConfigureAwait(false);
            }
            else if (parser.TryComplete(line, out var reply))
            {
                return reply ?? throw Break("What the server said is no reply.");
            }
        }
    }

    /// <summary>
    /// A message as DATA wants it, with its end; flushed. A message that can't be read breaks the connection, so that the server does not
    /// take a part for the whole.
    /// </summary>
    /// <exception cref="MessageReadException">It can't be read.</exception>
    /// <param name="message">The octets.</param>
    /// <param name="sevenBit">What makes them 7-bit on their way; null where they may be as they are.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    public async ValueTask WriteDataAsync(MessageContent message, SevenBitEncoder? sevenBit, CancellationToken cancellationToken)
    {
        var converted = new ArrayBufferWriter<byte>();
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var encoder = new DataEncoder();
            for (var offset = 0L; offset < message.Length;)
            {
                var count = await ReadChunkAsync(message, offset, chunk, cancellationToken).ConfigureAwait(false);
                offset += count;
                var octets = (ReadOnlyMemory<byte>)chunk.AsMemory(0, count);
                if (sevenBit is not null)
                {
                    converted.ResetWrittenCount();
                    sevenBit.Write(octets.Span, converted);
                    if (offset == message.Length)
                    {
                        sevenBit.Complete(converted);
                    }

                    octets = converted.WrittenMemory;
                }

                for (var i = 0; i < octets.Length; i += MaxUnflushed)
                {
                    encoder.Write(_output, octets.Span[i..Math.Min(i + MaxUnflushed, octets.Length)]);
                    if (offset < message.Length || i + MaxUnflushed < octets.Length)
                    {
                        await FlushAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            encoder.Complete(_output);
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>A message as BDAT wants it: the octets; flushed.</summary>
    /// <exception cref="MessageReadException">It can't be read.</exception>
    public async ValueTask WriteOctetsAsync(MessageContent message, CancellationToken cancellationToken)
    {
        for (var offset = 0L; offset < message.Length;)
        {
            var into = _output.GetMemory(ChunkSize);
            var count = await ReadChunkAsync(message, offset, into[..(int)Math.Min(ChunkSize, message.Length - offset)], cancellationToken).ConfigureAwait(false);
            _output.Advance(count);
            offset += count;
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>After the 220 to STARTTLS.</summary>
    /// <exception cref="TlsHandshakeException">No TLS came about.</exception>
    public ValueTask StartTlsAsync(CancellationToken cancellationToken)
    {
        // RFC 3207 5, CVE-2021-33515 and its like: what came behind the 220 came in cleartext, from anybody.
        if (TlsUpgrade.IsInjected(_framer))
        {
            throw Break("The server, or somebody in between, said more than 220 to STARTTLS.");
        }

        return HandshakeAsync(cancellationToken);
    }

    /// <summary>TLS from here on: behind STARTTLS, or before everything.</summary>
    /// <exception cref="TlsHandshakeException">No TLS came about.</exception>
    public async ValueTask HandshakeAsync(CancellationToken cancellationToken)
    {
        _framer.Release();
        Certificate = new CertificateCheck(_options.Requirement, _options.ServerName);
        var rule = new ClientTlsRule(Certificate.ServerName, Certificate.Accept, _options.Protocols, _options.Authorities, _options.HandshakeTimeout);
        try
        {
            await ClientTls.HandshakeAsync(_connection, rule, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TlsHandshakeException error)
        {
            _connection.Abort(error);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }

        _framer.Attach(_connection.Transport.Input);
        _output.Dispose();
        _output = NewOutput();
    }

    /// <summary>Ends the connection; to be thrown.</summary>
    public SmtpDialogException Break(string why)
    {
        var error = new SmtpDialogException(why);
        _connection.Abort(error);
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        _output.Dispose();
        _framer.Dispose();
    }

    private async ValueTask<int> ReadChunkAsync(MessageContent message, long offset, Memory<byte> into, CancellationToken cancellationToken)
    {
        try
        {
            var count = await message.ReadAsync(offset, into, cancellationToken).ConfigureAwait(false);
            return count > 0 ? count : throw new EndOfStreamException("The store holds fewer octets than it announced.");
        }
        catch (Exception error)
        {
            _connection.Abort(error);
            throw error is OperationCanceledException ? error : new MessageReadException(error);
        }
    }

    private async ValueTask FillAsync(TimeSpan left, CancellationToken cancellationToken)
    {
        switch (left > TimeSpan.Zero ? await _framer.FillAsync(left).ConfigureAwait(false) : FillResult.TimedOut)
        {
            case FillResult.Completed:
                throw Break("The server closed the connection.");
            case FillResult.TimedOut:
                throw Break("The server did not answer in time.");
            case FillResult.Interrupted when cancellationToken.IsCancellationRequested:
                _connection.Abort(null);
                throw new OperationCanceledException(cancellationToken);
        }
    }

    private TimedPipeWriter NewOutput() => new(_connection.Transport.Output, _connection, _options.WriteTimeout, _time);
}
