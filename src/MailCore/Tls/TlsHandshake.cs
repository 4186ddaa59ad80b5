using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using MailCore.Net;

namespace MailCore.Tls;

/// <summary>What handshakes of both sides have in common: the time-out, and what their failures are called.</summary>
internal static class TlsHandshake
{
    /// <summary>Puts TLS over the connection's transport and sets <see cref="MailConnection.Tls"/>, or throws and leaves both alone.</summary>
    public static async Task<SslStream> RunAsync(
        MailConnection connection, Func<SslStream, CancellationToken, Task> shake, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new DuplexPipeStream(connection.Transport), leaveInnerStreamOpen: true);
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken, connection.Closed);
        try
        {
            await shake(tls, either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is AuthenticationException or OperationCanceledException or CryptographicException or InvalidOperationException or IOException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            var cause = timeout.IsCancellationRequested ? "the peer took too long" : error.Message;
            throw new TlsHandshakeException($"The TLS handshake failed: {cause}", error);
        }

        connection.Tls = tls;
        connection.Transport = DuplexPipe.Over(tls);
        return tls;
    }
}

/// <summary>The two sides found no common ground for TLS; nothing was said in cleartext instead.</summary>
public sealed class TlsHandshakeException : IOException
{
    /// <summary>With the cause.</summary>
    public TlsHandshakeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
