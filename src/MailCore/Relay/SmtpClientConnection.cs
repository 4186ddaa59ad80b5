using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Smtp.Wire;
using MailCore.Tls;

namespace MailCore.Relay;

/// <summary>
/// A connection to another mail server. What the server answers, and what we can't do because of what it does not offer, are
/// replies; a broken connection, a time-out or a server that talks out of turn is an <see cref="IOException"/>, after which only
/// disposing is left. One caller at a time.
/// </summary>
internal sealed class SmtpClientConnection : IAsyncDisposable
{
    private const int MaxUnflushed = 16 * 1024;

    private static readonly SmtpReply NoTls = new(450, "4.7.4", "TLS is required, and the server does not offer it");
    private static readonly SmtpReply NoSmtpUtf8 = new(553, "5.6.7", "The server does not take internationalized addresses");

    private readonly MailConnection _connection;
    private readonly SmtpClientOptions _options;
    private readonly TimeProvider _time;
    private readonly LineFramer _framer;
    private TimedPipeWriter _output;

    /// <summary>Over a connection that nothing has been read from; disposing this disposes it.</summary>
    public SmtpClientConnection(MailConnection connection, SmtpClientOptions options, TimeProvider time)
    {
        (_connection, _options, _time) = (connection, options, time);
        _framer = new LineFramer(connection.Transport.Input, time);
        _output = NewOutput();
    }

    /// <summary>What the server last announced: never what it said before TLS.</summary>
    public SmtpFeatures Features { get; private set; } = SmtpFeatures.None;

    public bool IsSecured => _connection.Tls is not null;

    /// <exception cref="IOException">Nobody answers there, or not in time.</exception>
    public static async Task<SmtpClientConnection> ConnectAsync(IPEndPoint server, string id, SmtpClientOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(server, either.Token).ConfigureAwait(false);
            return new SmtpClientConnection(new SocketConnection(socket, id), options, time);
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error switch
            {
                SocketException refused => new IOException($"Can't connect to {server}: {refused.Message}", refused),
                OperationCanceledException when timeout.IsCancellationRequested => new IOException($"Can't connect to {server}: no answer in time.", error),
                _ => error,
            };
        }
    }

    /// <summary>
    /// The beginning: greeting, EHLO or, failing that, HELO, and TLS as the level asks for. Positive once mail can be sent. Where TLS is
    /// required and not to be had the reply says so, and nothing has been sent in cleartext but EHLO and STARTTLS.
    /// </summary>
    /// <exception cref="TlsHandshakeException">No TLS came about, or the certificate is not what the level asks for.</exception>
    public async ValueTask<SmtpReply> OpenAsync(CancellationToken cancellationToken)
    {
        var greeting = await ReadReplyAsync(_options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
        if (greeting.Code != 220)
        {
            return greeting;
        }

        var hello = await HelloAsync(cancellationToken).ConfigureAwait(false);
        if (!hello.IsPositive || _options.Tls == OutboundTlsLevel.None)
        {
            return hello;
        }

        if (!Features.Has("STARTTLS"))
        {
            return _options.Tls == OutboundTlsLevel.Opportunistic ? hello : NoTls;
        }

        var ready = await SendAsync("STARTTLS", _options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
        if (ready.Code != 220)
        {
            return _options.Tls == OutboundTlsLevel.Opportunistic && ready.Code != 421 ? hello : NoTls;
        }

        await StartTlsAsync(cancellationToken).ConfigureAwait(false);
        return await HelloAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>MAIL, with the parameters that the envelope calls for and the server knows; <paramref name="size"/> is the message's in octets, where known.</summary>
    public ValueTask<SmtpReply> MailAsync(Envelope envelope, long? size, CancellationToken cancellationToken)
    {
        if (envelope.SmtpUtf8 && !Features.Has("SMTPUTF8"))
        {
            return new ValueTask<SmtpReply>(NoSmtpUtf8);
        }

        var command = new StringBuilder("MAIL FROM:<").Append(envelope.From).Append('>');
        if (size is { } octets && Features.Has("SIZE"))
        {
            command.Append(System.Globalization.CultureInfo.InvariantCulture, $" SIZE={octets}");
        }

        if (envelope.Body == BodyType.EightBitMime && Features.Has("8BITMIME"))
        {
            command.Append(" BODY=8BITMIME");
        }

        return SendAsync(command.Append(envelope.SmtpUtf8 ? " SMTPUTF8" : "").ToString(), _options.ReplyTimeout, cancellationToken);
    }

    public ValueTask<SmtpReply> RecipientAsync(EmailAddress recipient, CancellationToken cancellationToken) =>
        SendAsync($"RCPT TO:<{recipient}>", _options.ReplyTimeout, cancellationToken);

    /// <summary>
    /// DATA and the message, which is read to its end as the server takes it. A message that can't be read breaks the connection, so that
    /// the server does not take a part for the whole.
    /// </summary>
    public async ValueTask<SmtpReply> DataAsync(PipeReader message, CancellationToken cancellationToken)
    {
        var go = await SendAsync("DATA", _options.DataTimeout, cancellationToken).ConfigureAwait(false);
        if (go.Code != 354)
        {
            // A server that says 250 here has taken nothing.
            return go.IsPositive ? throw new SmtpDialogException($"The server answered DATA with {go.Code}.") : go;
        }

        try
        {
            await WriteMessageAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            _connection.Abort(error);
            throw;
        }

        return await ReadReplyAsync(_options.MessageTimeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a transaction, so that another may follow.</summary>
    public ValueTask<SmtpReply> ResetAsync(CancellationToken cancellationToken) => SendAsync("RSET", _options.ReplyTimeout, cancellationToken);

    /// <summary>Takes leave; that it fails does not matter any more.</summary>
    public async ValueTask QuitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync("QUIT", _options.QuitTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        _output.Dispose();
        _framer.Dispose();
    }

    private async ValueTask<SmtpReply> HelloAsync(CancellationToken cancellationToken)
    {
        Features = SmtpFeatures.None;
        var ehlo = await SendAsync($"EHLO {_options.HostName}", _options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
        if (ehlo.IsPositive)
        {
            Features = SmtpFeatures.Parse(ehlo);
            return ehlo;
        }

        // RFC 5321 3.2: a server that does not know EHLO says 5xx, and may know HELO.
        return ehlo.IsTransient ? ehlo : await SendAsync($"HELO {_options.HostName}", _options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask StartTlsAsync(CancellationToken cancellationToken)
    {
        // RFC 3207 5, CVE-2021-33515 and its like: what came behind the 220 came in cleartext, from anybody.
        if (TlsUpgrade.IsInjected(_framer))
        {
            throw Break("The server, or somebody in between, said more than 220 to STARTTLS.");
        }

        _framer.Release();
        var rule = new ClientTlsRule(_options.ServerName, _options.Tls == OutboundTlsLevel.Verify, _options.Protocols, _options.Authorities, _options.HandshakeTimeout);
        try
        {
            await ClientTls.HandshakeAsync(_connection, rule, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TlsHandshakeException error)
        {
            _connection.Abort(error);
            throw;
        }

        _framer.Attach(_connection.Transport.Input);
        _output.Dispose();
        _output = NewOutput();
    }

    private async ValueTask WriteMessageAsync(PipeReader message, CancellationToken cancellationToken)
    {
        var encoder = new DataEncoder();
        while (true)
        {
            var read = await message.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (var piece in read.Buffer)
            {
                for (var rest = piece; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, MaxUnflushed)..])
                {
                    encoder.Write(_output, rest.Span[..Math.Min(rest.Length, MaxUnflushed)]);
                    if (_output.UnflushedBytes >= MaxUnflushed)
                    {
                        await FlushAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            message.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        encoder.Complete(_output);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SmtpReply> SendAsync(string command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // An answer before the question is somebody else's; it would be taken for the answer to this, and all after it for the wrong ones.
        if (_framer.HasBufferedData)
        {
            throw Break("The server spoke unasked.");
        }

        if (command.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw new ArgumentException("A command is one line.", nameof(command));
        }

        _output.Write(Encoding.UTF8.GetBytes(command + "\r\n"));
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return await ReadReplyAsync(timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The time is for the whole reply: an octet now and then does not lengthen it.</summary>
    private async ValueTask<SmtpReply> ReadReplyAsync(TimeSpan timeout, CancellationToken cancellationToken)
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

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        using var abort = cancellationToken.UnsafeRegister(static connection => ((MailConnection)connection!).Abort(null), _connection);
        if ((await _output.FlushAsync(CancellationToken.None).ConfigureAwait(false)).IsCompleted)
        {
            throw Break("The server no longer reads.");
        }
    }

    private SmtpDialogException Break(string why)
    {
        var error = new SmtpDialogException(why);
        _connection.Abort(error);
        return error;
    }

    private TimedPipeWriter NewOutput() => new(_connection.Transport.Output, _connection, _options.WriteTimeout, _time);
}
