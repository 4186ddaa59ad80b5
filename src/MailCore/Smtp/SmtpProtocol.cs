using System.Text;
using MailCore.Messaging;
using MailCore.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Smtp;

/// <summary>The SMTP and LMTP engine for one endpoint.</summary>
public sealed class SmtpProtocol : IMailProtocol
{
    private readonly byte[] _busy;

    /// <summary>Throws <see cref="ArgumentException"/> when options and services don't fit together.</summary>
    public SmtpProtocol(SmtpOptions options, SmtpServices services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        Validate(options, services);
        (Options, Services) = (options, services);
        Log = new SmtpLog(services.Loggers.CreateLogger<SmtpProtocol>());
        Metrics = new SmtpMetrics(services.Meters, options.Dialect);
        Capabilities = new SmtpCapabilities(options, services.Tls.Policy, services.Delivery.Honours);
        Commands = SmtpCommandTable.Standard.With(options.Verbs);
        HelloLine = Encoding.ASCII.GetBytes($"250-{options.HostName}\r\n");
        Greeting = Encoding.ASCII.GetBytes($"220 {options.HostName} {(options.Dialect.IsLmtp ? "LMTP" : "ESMTP")} ready\r\n");
        Hello = new SmtpReply(250, (EnhancedStatusCode?)null, options.HostName);
        var verbs = Commands.Commands.Where(command => !command.Conditions.HasFlag(options.Dialect.IsLmtp ? SmtpConditions.SmtpOnly : SmtpConditions.LmtpOnly) && !command.Conditions.HasFlag(SmtpConditions.Unlisted));
        Help = new SmtpReply(214, "2.0.0", string.Join(' ', verbs.Select(static command => command.Verb)));
        _busy = Encoding.ASCII.GetBytes($"421 4.7.0 {options.HostName} Too many connections, try again later\r\n");
    }

    /// <inheritdoc/>
    public string Name => Options.Dialect.Name;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> BusyGreeting => _busy;

    internal SmtpOptions Options { get; }

    internal SmtpServices Services { get; }

    internal SmtpCommandTable Commands { get; }

    internal SmtpCapabilities Capabilities { get; }

    internal SmtpLog Log { get; }

    internal SmtpMetrics Metrics { get; }

    internal byte[] Greeting { get; }

    internal byte[] HelloLine { get; }

    internal SmtpReply Hello { get; }

    internal SmtpReply Help { get; }

    /// <inheritdoc/>
    public async Task RunAsync(MailConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var session = new SmtpSession(this, connection, stopping);
        await using var owned = session.ConfigureAwait(false);
        Metrics.SessionBegins();
        try
        {
            await session.RunAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (connection.Closed.IsCancellationRequested)
        {
            throw new IOException("The connection was aborted.", error);
        }
        finally
        {
            Metrics.SessionEnds();
        }
    }

    private static void Validate(SmtpOptions options, SmtpServices services)
    {
        if (!EmailAddress.IsDomain(options.HostName) || !Ascii.IsValid(options.HostName))
        {
            throw new ArgumentException($"HostName '{options.HostName}' is neither a domain name nor an address literal.", nameof(options));
        }

        if (options.RequireAuthentication && !options.OfferAuthentication)
        {
            throw new ArgumentException("RequireAuthentication needs OfferAuthentication.", nameof(options));
        }

        if (options.OfferAuthentication && services.Login is null)
        {
            throw new ArgumentException("OfferAuthentication needs the Login service.", nameof(services));
        }

        if (options.RequireOwnedSender && services.Directory is null)
        {
            throw new ArgumentException("RequireOwnedSender needs the Directory service.", nameof(services));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxMessageSize, nameof(options.MaxMessageSize));
        if (services.Filters.Any(static filter => filter.Timeout <= TimeSpan.Zero))
        {
            throw new ArgumentException("A filter's time-out must be positive.", nameof(services));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(options.MinDataPerMinute, nameof(options.MinDataPerMinute));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxCommandsPerMinute ?? 1, nameof(options.MaxCommandsPerMinute));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxHeaderSize, 998, nameof(options.MaxHeaderSize));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxDrain, nameof(options.MaxDrain));
        // RFC 5321 4.5.3.1 wants at least these.
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxTextLine, 998, nameof(options.MaxTextLine));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxCommandLine, 510, nameof(options.MaxCommandLine));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxAuthenticationLine, 510, nameof(options.MaxAuthenticationLine));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRecipients, 1, nameof(options.MaxRecipients));
    }
}
