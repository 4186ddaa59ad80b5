using System.Net;
using System.Net.Sockets;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Net;
using MailCore.Relay;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore;

/// <summary>
/// A running mail server: binds its endpoints, runs their connections, and stops in three steps. Started once, stopped once; all
/// members are thread-safe.
/// </summary>
public sealed partial class MailServer : IAsyncDisposable
{
    private readonly MailServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionLimiter _limiter;
    private readonly SessionTable _sessions;
    private readonly List<(MailEndpoint Endpoint, SocketListener Listener)> _listeners = [];
    private readonly List<Task> _acceptLoops = [];
    private readonly CancellationTokenSource _stopping;
    private readonly Lock _gate = new();
    private IAsyncDisposable? _container;
    private Task? _stop;
    private bool _started;
    private bool _accepts;

    internal MailServer(MailServerOptions options, List<MailEndpoint> endpoints, CancellationTokenSource stopping, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _stopping, _time) = (options, stopping, time);
        _logger = loggers.CreateLogger<MailServer>();
        _limiter = new ConnectionLimiter(options.MaxConnections, options.MaxConnectionsPerAddress);
        _sessions = new SessionTable(time);
        Endpoints = new MailEndpointCollection(endpoints);
    }

    /// <inheritdoc cref="MailServerOptions.HostName"/>
    public string HostName => _options.HostName;

    /// <summary>Where it listens; ports that were configured as 0 are the real ones after the start.</summary>
    public MailEndpointCollection Endpoints { get; }

    /// <summary>The clients and users that may not log in for a while; to be read and lifted.</summary>
    public required LoginBans LoginBans { get; init; }

    /// <summary>Works off the queue of mail for other servers; null where there is no relay.</summary>
    public RelayService? Relay { get; init; }

    /// <summary>Connections being served now.</summary>
    public int ConnectionCount => _sessions.Count;

    /// <summary>Started and not stopped.</summary>
    public bool IsAccepting => Volatile.Read(ref _accepts);

    /// <summary>As many connections as it may have (<see cref="MailServerOptions.MaxConnections"/>): more are turned away.</summary>
    public bool IsFull => _limiter.Count >= _limiter.Limit;

    /// <summary>
    /// Starts a server of its own, without a host. Returns when every endpoint is bound and accepting; disposing it stops the server
    /// and releases the store.
    /// </summary>
    /// <exception cref="MailServerConfigurationException">The configuration is incomplete or unsafe; the message says what to change.</exception>
    /// <exception cref="IOException">An address can't be bound.</exception>
    public static async Task<MailServer> StartAsync(Action<MailServerBuilder> configure, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var services = new ServiceCollection();
        services.AddMailServer(configure);
        var container = services.BuildServiceProvider();
        try
        {
            var server = container.GetRequiredService<MailServer>();
            server._container = container;
            await server.StartAsync(cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await container.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal ConnectionMetrics? Metrics { get; init; }

    /// <summary>What is to be done before a client may come: accounts made, notices logged.</summary>
    internal Func<CancellationToken, Task> Prepare { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Takes a configuration up.</summary>
    internal Func<MailServer, Action<MailServerBuilder>, CancellationToken, Task<ReloadReport>> Reload { get; init; } = static (_, _, _) => throw new NotSupportedException();

    /// <summary>Listening sockets that were made before this process.</summary>
    internal Func<IReadOnlyList<InheritedSocket>> InheritSockets { get; init; } = static () => [];

    /// <summary>Makes an endpoint that is not bound here; its name is not one of those given.</summary>
    internal Func<MailEndpointMaker, MailEndpoint> Make { get; init; } = static _ => throw new NotSupportedException();

    /// <summary>
    /// Adds an endpoint whose connections something else accepts, such as Kestrel, and gives to <see cref="ServeAsync"/>. It is checked as
    /// the others were at the start.
    /// </summary>
    /// <param name="where">Tells the address that it is bound to, or will be.</param>
    /// <param name="endpoint">Calls one of the builder's methods, such as ListenSmtp, whose port does not matter.</param>
    /// <exception cref="MailServerConfigurationException">It is incomplete or unsafe; the message says what to change.</exception>
    public MailEndpoint AddCarried(Func<EndPoint> where, Func<MailServerBuilder, MailEndpointBuilder> endpoint)
    {
        ArgumentNullException.ThrowIfNull(where);
        ArgumentNullException.ThrowIfNull(endpoint);
        lock (_gate)
        {
            var made = Make(new MailEndpointMaker(where, endpoint, [.. Endpoints.Select(static known => known.Name)]));
            Endpoints.Add(made);
            return made;
        }
    }

    /// <summary>What <see cref="StartAsync(Action{MailServerBuilder}, CancellationToken)"/> would say of a configuration, without opening or binding anything.</summary>
    /// <exception cref="MailServerConfigurationException">It is incomplete or unsafe; the message says what to change.</exception>
    public static void Check(Action<MailServerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        MailServerReload.Read(configure);
    }

    /// <summary>
    /// Takes a new configuration up while it runs, where that is safe: addresses, aliases, trusted networks, limits, filters, smart hosts, the
    /// relay's times, master users. The table in docs/appliance.md tells what, and what waits for a restart; listeners, TLS and the store always do.
    /// Sessions are not cut. What is registered in <see cref="MailServerBuilder.Services"/> stays as it was.
    /// </summary>
    /// <param name="configure">As for the start, with the new values.</param>
    /// <param name="cancellationToken">Gives up before anything has changed.</param>
    /// <exception cref="MailServerConfigurationException">The new configuration is wrong or unsafe as a whole; nothing has changed.</exception>
    public Task<ReloadReport> ReloadAsync(Action<MailServerBuilder> configure, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Reload(this, configure, cancellationToken);
    }

    internal void Limit(int connections, int connectionsPerAddress) => _limiter.Use(connections, connectionsPerAddress);

    /// <summary>Binds every endpoint, or none: when one can't be bound those before it are released again.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, true))
        {
            throw new InvalidOperationException("This server has been started already.");
        }

        await Prepare(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                Bind();
            }
            catch
            {
                Unbind();
                throw;
            }

            Relay?.Start();
            Volatile.Write(ref _accepts, true);
            foreach (var (endpoint, listener) in _listeners)
            {
                _acceptLoops.Add(AcceptAsync(endpoint, listener));
                LogListening(endpoint.Name, listener.EndPoint, endpoint.Tls.Mode);
            }
        }
    }

    /// <summary>
    /// Stops: takes no more connections; lets commands at hand finish and tells clients goodbye; and when
    /// <paramref name="cancellationToken"/> fires, or <see cref="MailServerOptions.StopTimeout"/> has passed, aborts what is left.
    /// Returns when no session is left. May be called again.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return _stop ??= StopCoreAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _container, null) is { } container)
        {
            await container.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Serves a connection that something other than our own listeners accepted; returns when it is over and disposed. Before the start
    /// and from the stop on the client is told that the server is busy.
    /// </summary>
    public Task ServeAsync(MailEndpoint endpoint, MailConnection connection)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(connection);
        _sessions.Add(connection);
        return RunSessionAsync(endpoint, connection);
    }

    // The connection is in the table already, so that a stop can't overlook it.
    private async Task RunSessionAsync(MailEndpoint endpoint, MailConnection connection)
    {
        Metrics?.Opened(endpoint.Name);
        // A proxy has many clients: it is counted as none of them.
        var isProxied = endpoint.ProxyFrom.Covers(connection.RemoteEndPoint);
        var lease = default(ConnectionLimiter.Lease);
        var admitted = Volatile.Read(ref _accepts) && _limiter.TryEnter(isProxied ? null : connection.RemoteEndPoint, out lease);
        try
        {
            if (admitted && isProxied)
            {
                var header = await ProxyProtocol.ReadAsync(connection, _options.ProxyHeaderTimeout, _time).ConfigureAwait(false);
                admitted = _limiter.TryIdentify(ref lease, header.Source);
            }

            if (admitted)
            {
                await endpoint.Run(connection).ConfigureAwait(false);
            }
            else
            {
                Metrics?.Refused(endpoint.Name, IsAccepting ? "too_many" : "not_accepting");
                LogBusy(endpoint.Name, connection.RemoteEndPoint);
                await RefuseAsync(endpoint, connection).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException || connection.Closed.IsCancellationRequested)
        {
            LogBroken(connection.Id, endpoint.Name, error.Message);
        }
        catch (Exception error)
        {
            LogBug(error, connection.Id, endpoint.Name);
            connection.Abort(error);
        }
        finally
        {
            await CloseAsync(connection).ConfigureAwait(false);
            _sessions.Remove(connection);
            lease.Dispose();
            Metrics?.Closed(endpoint.Name);
        }
    }

    private async Task AcceptAsync(MailEndpoint endpoint, SocketListener listener)
    {
        while (await listener.AcceptAsync(_sessions.NextId, error => LogAcceptFailed(endpoint.Name, error.Message), _time).ConfigureAwait(false) is { } connection)
        {
            _sessions.Add(connection);
            ThreadPool.UnsafeQueueUserWorkItem(
                static work => _ = work.Server.RunSessionAsync(work.Endpoint, work.Connection),
                (Server: this, Endpoint: endpoint, Connection: connection),
                preferLocal: false);
        }
    }

    private static async Task RefuseAsync(MailEndpoint endpoint, MailConnection connection)
    {
        if (endpoint.Tls.Mode != TlsMode.Implicit || connection.Tls is not null)
        {
            await connection.Transport.Output.WriteAsync(endpoint.Protocol.BusyGreeting).ConfigureAwait(false);
        }
    }

    // Saying goodbye to a client that does not listen must not take for ever.
    private async Task CloseAsync(MailConnection connection)
    {
        var closing = connection.DisposeAsync();
        if (closing.IsCompletedSuccessfully)
        {
            return;
        }

        var closed = closing.AsTask();
        try
        {
            await closed.WaitAsync(TimeSpan.FromSeconds(5), _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            connection.Abort(null);
        }
        catch (Exception error)
        {
            LogBroken(connection.Id, "closing", error.Message);
        }
    }

    private async Task StopCoreAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        Volatile.Write(ref _accepts, false);
        Unbind();
        await Task.WhenAll(_acceptLoops).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);

        using var deadline = new CancellationTokenSource(_options.StopTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var relayed = Relay?.StopAsync(either.Token) ?? Task.CompletedTask;
        try
        {
            await _sessions.Emptied.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LogAborting(_sessions.Count);
            _sessions.AbortAll();
            await _sessions.Emptied.ConfigureAwait(false);
        }

        await relayed.ConfigureAwait(false);
        if (_started)
        {
            LogStopped();
        }
    }

    private void Bind()
    {
        using var inherited = new SocketAdoption(InheritSockets());
        var endpoints = Endpoints.Where(static endpoint => endpoint.Where is null).ToList();
        foreach (var endpoint in endpoints)
        {
            foreach (var socket in inherited.Take(endpoint))
            {
                _listeners.Add((endpoint, SocketListener.Adopt(socket)));
                LogInherited(endpoint.Name, socket.LocalEndPoint);
            }
        }

        inherited.Finish(endpoints);
        foreach (var endpoint in endpoints)
        {
            if (!_listeners.Exists(known => known.Endpoint == endpoint))
            {
                _listeners.Add((endpoint, SocketListener.Bind(endpoint.EndPoint, _options.Backlog)));
            }

            endpoint.EndPoint = _listeners.Find(known => known.Endpoint == endpoint).Listener.EndPoint;
        }
    }

    private void Unbind()
    {
        foreach (var (_, listener) in _listeners)
        {
            listener.Dispose();
        }

        _listeners.Clear();
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "Listening: {Endpoint} on {Address}, TLS {Mode}")]
    private partial void LogListening(string endpoint, System.Net.EndPoint address, TlsMode mode);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "{Endpoint} can't accept connections for now: {Reason}")]
    private partial void LogAcceptFailed(string endpoint, string reason);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "{Endpoint} turned {Remote} away: too many connections")]
    private partial void LogBusy(string endpoint, System.Net.EndPoint? remote);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Debug, Message = "Connection {Connection} ({Endpoint}) broke: {Reason}")]
    private partial void LogBroken(string connection, string endpoint, string reason);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Error, Message = "Connection {Connection} ({Endpoint}) failed")]
    private partial void LogBug(Exception error, string connection, string endpoint);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Warning, Message = "Stopping: {Count} sessions did not end in time and are cut off")]
    private partial void LogAborting(int count);

    [LoggerMessage(EventId = 1008, Level = LogLevel.Information, Message = "{Endpoint} takes over a socket that listens on {Address}")]
    private partial void LogInherited(string endpoint, System.Net.EndPoint? address);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "Stopped")]
    private partial void LogStopped();
}
