using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Net;

/// <summary>
/// One client's byte stream, whatever carries it: a socket, a Unix socket, memory, Kestrel. Used by one session at a time;
/// only <see cref="Abort"/> may be called from any thread.
/// </summary>
public abstract class MailConnection : IAsyncDisposable
{
    /// <summary>Names the connection in logs and in trace headers; unique within the process.</summary>
    public abstract string Id { get; }

    /// <summary>The octets. TLS, compression and the wire log wrap it and put themselves here.</summary>
    public abstract IDuplexPipe Transport { get; set; }

    /// <summary>Our end; null where the carrier has no addresses.</summary>
    public EndPoint? LocalEndPoint { get; set; }

    /// <summary>The client's end; the PROXY protocol rewrites it. Null where the carrier has no addresses.</summary>
    public EndPoint? RemoteEndPoint { get; set; }

    /// <summary>Set once TLS is on; null in cleartext.</summary>
    public SslStream? Tls { get; set; }

    /// <summary>What the client has proved to hold the key of, where the endpoint asks for certificates and trusts this one; null otherwise.</summary>
    public X509Certificate2? ClientCertificate { get; set; }

    /// <summary>Fires when the connection was aborted or its carrier broke.</summary>
    public abstract CancellationToken Closed { get; }

    /// <summary>Fires when the carrier wants the client told goodbye, as at its own stop; never by default.</summary>
    public virtual CancellationToken Stopping => CancellationToken.None;

    /// <summary>Ends the connection at once: pending reads and writes fail. Safe to call at any time, also twice.</summary>
    public abstract void Abort(Exception? reason);

    /// <summary>Flushes what was written, says goodbye (TLS close, TCP FIN) and releases the carrier.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>What handles a connection; layers (limits, TLS, logging) wrap one in another.</summary>
public delegate Task MailConnectionDelegate(MailConnection connection);
