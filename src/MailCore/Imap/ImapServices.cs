using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Imap.Extensions;
using MailCore.Imap.Sorting;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailCore.Imap;

/// <summary>What an IMAP endpoint works with; shared by all its sessions.</summary>
public sealed record ImapServices
{
    /// <summary>The endpoint's TLS rule.</summary>
    public required TlsUpgrade Tls { get; init; }

    /// <summary>Who may log in.</summary>
    public required LoginService Login { get; init; }

    /// <summary>The mail.</summary>
    public required MailAccounts Accounts { get; init; }

    /// <summary>For time-outs and internal dates.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>What users may do with mailboxes; owners everything and others nothing by default.</summary>
    public IMailboxAuthorization Authorization { get; init; } = new OwnerAuthorization();

    /// <summary>Whether access control lists are kept, and obeyed.</summary>
    internal bool HasAcl => Authorization.ObeysAcl && Accounts.Traits.HasFlag(StoreTraits.Acl);

    /// <summary>Whether a user may see anything of other accounts.</summary>
    internal bool Shares => Authorization.ObeysAcl ? HasAcl : Authorization.SharesAccounts;

    /// <summary>Rights need not be asked for in the own account.</summary>
    internal bool OwnersMayAll => MailboxPermissions.OwnersMayAll(Authorization);

    /// <summary>Commands of the host's own.</summary>
    public IReadOnlyList<ImapExtension> Extensions { get; init; } = [];

    /// <summary>Metadata entries of the host's own.</summary>
    public IReadOnlyList<ImapMetadataSource> Metadata { get; init; } = [];

    /// <summary>What sorting found out.</summary>
    internal MailboxKeyCache Keys { get; } = new();

    /// <summary>For metrics; null for a meter that belongs to no container.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>For logs.</summary>
    public required ILoggerFactory Loggers { get; init; }
}
