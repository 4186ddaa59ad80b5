using System.IO.Pipelines;
using MailCore.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace MailCore.AspNetCore;

/// <summary>One of Kestrel's connections. Kestrel closes it when its delegate has returned.</summary>
internal sealed class KestrelConnection : MailConnection
{
    private readonly ConnectionContext _context;
    private readonly CancellationTokenSource _closed = new();
    private readonly bool _hasKestrelsTls;
    private int _aborted;
    private int _disposed;

    public KestrelConnection(ConnectionContext context)
    {
        _context = context;
        Transport = context.Transport;
        LocalEndPoint = context.LocalEndPoint;
        RemoteEndPoint = context.RemoteEndPoint;
        // A certificate that Kestrel took from the client is none that a mail endpoint has asked for, and logs nobody in.
        Tls = context.Features.Get<ISslStreamFeature>()?.SslStream;
        _hasKestrelsTls = Tls is not null;
        Stopping = context.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
    }

    public override string Id => _context.ConnectionId;

    public override IDuplexPipe Transport { get; set; }

    // Not ConnectionClosed: that fires when the client has sent its last octet, and it may still wait for our answer.
    public override CancellationToken Closed => _closed.Token;

    public override CancellationToken Stopping { get; }

    public override void Abort(Exception? reason)
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 1)
        {
            return;
        }

        _context.Abort(new ConnectionAbortedException(reason?.Message ?? "The mail server ended the connection.", reason!));
        _closed.Cancel();
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        try
        {
            if (Volatile.Read(ref _aborted) == 0)
            {
                await Transport.Output.FlushAsync().ConfigureAwait(false);
                if (Tls is { } tls)
                {
                    await tls.ShutdownAsync().ConfigureAwait(false);
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone already, which is what we want.
        }
        finally
        {
            if (Tls is { } tls && !_hasKestrelsTls)
            {
                await tls.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
