using System.Net;
using System.Net.Sockets;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Tls;

namespace MailCore.Relay;

/// <summary>
/// A connection to another mail server, up to where mail can be sent. What the server answers, and what we can't do because of what
/// it does not offer, are replies; a broken connection, a time-out or a server that talks out of turn is an <see cref="IOException"/>,
/// after which only disposing is left. One caller at a time.
/// </summary>
internal sealed class SmtpClientConnection : IAsyncDisposable
{
    private static readonly SmtpReply NoTls = new(450, "4.7.4", "TLS is required, and the server does not offer it");

    private readonly SmtpClientOptions _options;
    private readonly MailConnection _connection;
    private string? _tlsProblem;

    /// <summary>Over a connection that nothing has been read from; disposing this disposes it.</summary>
    public SmtpClientConnection(MailConnection connection, SmtpClientOptions options, TimeProvider time) =>
        (_options, _connection, Channel) = (options, connection, new SmtpClientChannel(connection, options, time));

    public SmtpClientChannel Channel { get; }

    /// <summary>What the server last announced: never what it said before TLS.</summary>
    public SmtpFeatures Features { get; private set; } = SmtpFeatures.None;

    /// <summary>What it called itself in its answer to EHLO; empty before.</summary>
    public string ServerName { get; private set; } = "";

    public bool IsSecured => Channel.IsSecured;

    /// <summary>Why there is no TLS or none to trust, by RFC 8460 4.3, whether or not it matters; null where all is well or none was wanted.</summary>
    public string? TlsProblem => Channel.Certificate?.Problem ?? _tlsProblem;

    public EndPoint? LocalEndPoint => _connection.LocalEndPoint;

    public EndPoint? RemoteEndPoint => _connection.RemoteEndPoint;

    /// <exception cref="IOException">Nobody answers there, or not in time.</exception>
    public static async Task<SmtpClientConnection> ConnectAsync(EndPoint server, string id, SmtpClientOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var isUnix = server is UnixDomainSocketEndPoint;
        var socket = new Socket(server.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (!isUnix)
            {
                socket.NoDelay = true;
            }

            if (options.BindAddress is { } own && own.AddressFamily == server.AddressFamily)
            {
                socket.Bind(new IPEndPoint(own, 0));
            }

            await socket.ConnectAsync(server, either.Token).ConfigureAwait(false);
            return new SmtpClientConnection(new SocketConnection(socket, id), options, time);
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error switch
            {
                SocketException refused => new IOException($"Can't connect to {server}: {refused.Message}", refused),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new IOException($"Can't connect to {server}: no answer in time.", error),
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
        if (_options.UsesImplicitTls)
        {
            await Channel.HandshakeAsync(cancellationToken).ConfigureAwait(false);
        }

        var greeting = await Channel.ReadAsync(_options.GreetingTimeout, cancellationToken).ConfigureAwait(false);
        if (greeting.Code != 220)
        {
            return greeting.IsPositive ? throw Channel.Break($"The server greeted with {greeting.Code}.") : greeting;
        }

        var hello = await HelloAsync(cancellationToken).ConfigureAwait(false);
        if (!hello.IsPositive || IsSecured || _options.Tls == OutboundTlsLevel.None)
        {
            return hello;
        }

        _tlsProblem = "starttls-not-supported";
        if (!Features.Has("STARTTLS"))
        {
            return _options.Tls == OutboundTlsLevel.Opportunistic ? hello : NoTls;
        }

        var ready = await Channel.SendAsync("STARTTLS", _options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
        if (ready.Code != 220)
        {
            return ready.Code == 421 ? ready : _options.Tls == OutboundTlsLevel.Opportunistic ? hello : NoTls;
        }

        _tlsProblem = "validation-failure";
        await Channel.StartTlsAsync(cancellationToken).ConfigureAwait(false);
        _tlsProblem = null;
        return await HelloAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes leave; that it fails does not matter any more.</summary>
    public async ValueTask QuitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Channel.SendAsync("QUIT", _options.QuitTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
        }
    }

    public ValueTask DisposeAsync() => Channel.DisposeAsync();

    private async ValueTask<SmtpReply> HelloAsync(CancellationToken cancellationToken)
    {
        (Features, ServerName) = (SmtpFeatures.None, "");
        var verb = _options.IsLmtp ? "LHLO" : "EHLO";
        var hello = await Channel.SendAsync($"{verb} {_options.HostName}", _options.HelloTimeout, cancellationToken).ConfigureAwait(false);
        if (hello.IsPositive)
        {
            Features = SmtpFeatures.Parse(hello);
        }
        else if (!hello.IsTransient && !_options.IsLmtp)
        {
            // RFC 5321 3.2: a server that does not know EHLO says 5xx, and may know HELO.
            hello = await Channel.SendAsync($"HELO {_options.HostName}", _options.HelloTimeout, cancellationToken).ConfigureAwait(false);
        }

        if (hello.IsPositive)
        {
            var text = hello.Text.AsSpan();
            ServerName = text[..(text.IndexOfAny(' ', '\n') is var end and >= 0 ? end : text.Length)].ToString();
        }

        return hello;
    }
}
