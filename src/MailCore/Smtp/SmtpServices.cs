using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Smtp;

/// <summary>What an SMTP endpoint works with.</summary>
public sealed record SmtpServices
{
    /// <summary>The endpoint's TLS rule and the way to TLS.</summary>
    public required TlsUpgrade Tls { get; init; }

    /// <summary>Decides at RCPT.</summary>
    public required IMessageRouter Router { get; init; }

    /// <summary>Takes complete messages.</summary>
    public required IMessageDelivery Delivery { get; init; }

    /// <summary>Where messages are read into: <see cref="MailAccounts"/>, or <see cref="TemporaryStaging"/> where nothing is stored.</summary>
    public required IMessageStaging Staging { get; init; }

    /// <summary>Needed where AUTH is offered.</summary>
    public LoginService? Login { get; init; }

    /// <summary>Needed where senders must own their addresses.</summary>
    public IMailDirectory? Directory { get; init; }

    /// <summary>Asked in this order at every stage of a session.</summary>
    public IReadOnlyList<SmtpFilterRegistration> Filters { get; init; } = [];

    /// <summary>Told of messages that no delivery gets: refused, or discarded by a filter. Null for nobody.</summary>
    public IMessageTrace? Trace { get; init; }

    /// <summary>Keeps envelopes and dialogs for people to read; null for nobody.</summary>
    public SessionRecords? Records { get; init; }

    /// <summary>Makes the services that the filters of one session share; null where there is no container.</summary>
    public IServiceScopeFactory? Scopes { get; init; }

    /// <summary>Makes the meter; null for one of the process.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>Runs time-outs and dates messages.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the engine's log goes.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
