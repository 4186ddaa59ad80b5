using System.Net;
using MailCore.Messaging;
using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>One connection to one address, up to where mail can be sent.</summary>
internal sealed record ConnectionAttempt(SmtpClientOptions Options, SmartHostLogin? Login, bool RequiresTls, TimeProvider Time)
{
    private static readonly SmtpReply LoopsBack = new(554, "5.4.6", "The way leads back to this server");
    // RFC 8689 4.2.1: 5.7.10 where there is no TLS, in the end; 5.7.30 where the server does not know REQUIRETLS.
    private static readonly SmtpReply NoTlsForRequireTls = new(450, "4.7.10", "REQUIRETLS: the server does not offer TLS");
    private static readonly SmtpReply NoRequireTls = new(550, "5.7.30", "REQUIRETLS support required, and the server does not offer it");

    /// <summary>What became of TLS; shared by copies, of which those that want no TLS leave it alone.</summary>
    public TlsSessionResult Tls { get; } = new();

    /// <summary>A session, or why the server can't be used.</summary>
    /// <exception cref="IOException">The connection did not come about, or broke.</exception>
    public async ValueTask<RelayConnection> RunAsync(EndPoint server, string id, CancellationToken cancellationToken)
    {
        var connection = await SmtpClientConnection.ConnectAsync(server, id, Options, Time, cancellationToken).ConfigureAwait(false);
        try
        {
            if (await PrepareAsync(connection, cancellationToken).ConfigureAwait(false) is not { } failure)
            {
                return new RelayConnection(new SmtpRelaySession(connection, Options, Time), new RelayOutcome(RelayStatus.Deferred, SmtpReply.Ok));
            }

            await connection.QuitAsync(cancellationToken).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
            return new RelayConnection(null, failure with { ConcernsHop = true });
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<RelayOutcome?> PrepareAsync(SmtpClientConnection connection, CancellationToken cancellationToken)
    {
        var reply = await OpenAsync(connection, cancellationToken).ConfigureAwait(false);
        if (RequiresTls && Tls is { IsSecured: false, Problem: not null })
        {
            return new RelayOutcome(RelayStatus.Deferred, NoTlsForRequireTls);
        }

        if (!reply.IsPositive)
        {
            // Who refuses everybody may take somebody's tomorrow, even with 5xx; only what is said of a message is final.
            return new RelayOutcome(RelayStatus.Deferred, reply, Options.ServerName);
        }

        if (!Options.IsLmtp && Options.HostName != "localhost" && string.Equals(connection.ServerName, Options.HostName, StringComparison.OrdinalIgnoreCase))
        {
            return new RelayOutcome(RelayStatus.Failed, LoopsBack);
        }

        if (Login is not null)
        {
            var login = await new SmtpClientLogin(connection, Options, Login).RunAsync(cancellationToken).ConfigureAwait(false);
            if (!login.IsPositive)
            {
                return new RelayOutcome(RelayStatus.Deferred, login, Options.ServerName);
            }
        }

        return RequiresTls && !connection.Features.Has("REQUIRETLS") ? new RelayOutcome(RelayStatus.Failed, NoRequireTls) : null;
    }

    private async ValueTask<SmtpReply> OpenAsync(SmtpClientConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Options.Tls != OutboundTlsLevel.None)
            {
                Tls.Note(connection);
            }
        }
    }
}
