using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailCore.Pop3;

/// <summary>What a POP3 endpoint works with; shared by all its sessions.</summary>
public sealed record Pop3Services
{
    /// <summary>The endpoint's TLS rule.</summary>
    public required TlsUpgrade Tls { get; init; }

    /// <summary>Who may log in.</summary>
    public required LoginService Login { get; init; }

    /// <summary>The mail.</summary>
    public required MailAccounts Accounts { get; init; }

    /// <summary>What users may do with mailboxes; owners everything by default.</summary>
    public IMailboxAuthorization Authorization { get; init; } = new OwnerAuthorization();

    /// <summary>Which mail drops are open; one for all endpoints that serve the same mail.</summary>
    public required Pop3MailDropLocks Locks { get; init; }

    /// <summary>Keeps when an account last logged in, for <see cref="Pop3Options.LoginDelay"/>.</summary>
    public required IServerState State { get; init; }

    /// <summary>Makes the meter; null for one of the process.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>For time-outs.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>For logs.</summary>
    public required ILoggerFactory Loggers { get; init; }
}
