using System.Collections.Frozen;
using System.Net.Security;
using MailCore.Tls;
using Microsoft.Extensions.Configuration;

namespace MailCore.Hosting;

/// <summary>
/// A server as configuration files, environment variables and command lines describe it, usually section "Mail". Lists are written
/// as arrays.
/// </summary>
public sealed class MailServerSettings
{
    /// <inheritdoc cref="MailServerOptions.HostName"/>
    public string? HostName { get; set; }

    /// <inheritdoc cref="MailServerOptions.Domains"/>
    public List<string> Domains { get; set; } = [];

    /// <summary>For hosts that keep mail in a folder; MailCore itself does not read it.</summary>
    public string? DataFolder { get; set; }

    /// <summary>Whether the store keeps an index of texts for SEARCH, for hosts whose store can; MailCore itself does not read it.</summary>
    public bool FullTextSearch { get; set; }

    /// <summary>Null leaves it to the host.</summary>
    public CertificateSettings? Certificate { get; set; }

    /// <summary>For all listeners.</summary>
    public TlsSettings? Tls { get; set; }

    /// <summary>
    /// The name of a <see cref="MailServerPreset"/>: its TLS rules are the listeners' defaults, and without <see cref="Listeners"/> its
    /// ports are listened on.
    /// </summary>
    public string? Preset { get; set; }

    /// <inheritdoc cref="MailServerBuilder.AllowSubmissionFrom"/>
    public List<string> AllowSubmissionFrom { get; set; } = [];

    /// <summary>Accounts to make at the start.</summary>
    public List<AccountSettings> Accounts { get; set; } = [];

    /// <summary>Those who may log in as others; see <see cref="MailServerBuilder.UseMasterUsers"/>.</summary>
    public List<MasterUserSettings> MasterUsers { get; set; } = [];

    /// <summary>One character, or empty for none; see <see cref="Authentication.MasterUserOptions.Separator"/>.</summary>
    public string? MasterUserSeparator { get; set; }

    /// <summary>The <c>postfix-accounts.cf</c> of a docker-mailserver installation. The host imports it.</summary>
    public string? AccountsFile { get; set; }

    /// <summary>The first address of <see cref="MailServerBuilder.SharedAccount"/>.</summary>
    public string? SharedAccount { get; set; }

    /// <summary>Addresses that stand for others.</summary>
    public List<AliasSettings> Aliases { get; set; } = [];

    /// <summary>Domains whose mail is passed on.</summary>
    public List<RelayDomainSettings> RelayDomains { get; set; } = [];

    /// <summary>How mail goes to other servers.</summary>
    public RelaySettings? Relay { get; set; }

    /// <summary>How addresses are understood.</summary>
    public RoutingSettings? Routing { get; set; }

    /// <summary>Filters of strangers' mail and limits of users'; null for none.</summary>
    public FilterSettings? Filters { get; set; }

    /// <summary>Where to listen; empty leaves it to the host.</summary>
    public List<ListenerSettings> Listeners { get; set; } = [];

    /// <inheritdoc cref="MailServerOptions.MaxConnections"/>
    public int? MaxConnections { get; set; }

    /// <inheritdoc cref="MailServerOptions.MaxConnectionsPerAddress"/>
    public int? MaxConnectionsPerAddress { get; set; }

    /// <summary>Octets of one message; see each protocol's options for the default.</summary>
    public long? MaxMessageSize { get; set; }

    /// <summary>What was read.</summary>
    internal IReadOnlyDictionary<string, string?> Keys { get; private set; } = FrozenDictionary<string, string?>.Empty;

    /// <summary>Reads a section.</summary>
    /// <exception cref="MailServerConfigurationException">A key is unknown or a value can't be read; every such key is named.</exception>
    public static MailServerSettings Read(IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var problems = MailServerSettingsKeys.FindUnknown(section);
        if (problems.Count > 0)
        {
            throw new MailServerConfigurationException(problems);
        }

        try
        {
            var settings = section.Get<MailServerSettings>() ?? new MailServerSettings();
            settings.Keys = section.AsEnumerable(makePathsRelative: true).Where(static pair => pair.Key.Length > 0 && pair.Value is not null).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
            return settings;
        }
        catch (InvalidOperationException error)
        {
            throw new MailServerConfigurationException([error.InnerException is { } inner ? $"{error.Message} {inner.Message}" : error.Message]);
        }
    }
}

/// <summary>Either a file or a folder.</summary>
public sealed class CertificateSettings
{
    /// <summary>PEM: the leaf, then its intermediates. Or PKCS#12, which ends in .p12 or .pfx.</summary>
    public string? File { get; set; }

    /// <summary>The private key, PEM; null when it is in <see cref="File"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The password of a PKCS#12 file.</summary>
    public string? Password { get; set; }

    /// <summary>The folder of certbot, lego or acme.sh.</summary>
    public string? Folder { get; set; }
}

/// <summary>What <see cref="TlsPolicy"/> holds beside the mode.</summary>
public sealed class TlsSettings
{
    /// <summary>"1.2", the default, or "1.3".</summary>
    public string? MinimumVersion { get; set; }

    /// <summary>Names such as TLS_AES_256_GCM_SHA384; the operating system's own choice by default.</summary>
    public List<TlsCipherSuite> CipherSuites { get; set; } = [];

    /// <inheritdoc cref="TlsPolicy.HandshakeTimeout"/>
    public TimeSpan? HandshakeTimeout { get; set; }

    /// <inheritdoc cref="TlsPolicy.ClientCertificates"/>
    public ClientCertificateRule? ClientCertificates { get; set; }

    /// <summary>A PEM file of the authorities that sign clients' certificates; those that the machine trusts by default.</summary>
    public string? ClientAuthorities { get; set; }
}

/// <summary>One account.</summary>
public sealed class AccountSettings
{
    /// <summary>Also the login name.</summary>
    public string? Address { get; set; }

    /// <summary>Used when the account is made; an existing one keeps its own.</summary>
    public string? Password { get; set; }

    /// <summary>Addresses, and domains as "@example.org", that it may send as besides its own.</summary>
    public List<string> SendAs { get; set; } = [];
}

/// <summary>One who may log in as others.</summary>
public sealed class MasterUserSettings
{
    /// <inheritdoc cref="Authentication.MasterUser.Name"/>
    public string? Name { get; set; }

    /// <inheritdoc cref="Authentication.MasterUser.Password"/>
    public string? Password { get; set; }

    /// <inheritdoc cref="Authentication.MasterUser.PasswordHash"/>
    public string? PasswordHash { get; set; }

    /// <inheritdoc cref="Authentication.MasterUser.MaySubmit"/>
    public bool MaySubmit { get; set; }
}

/// <summary>One domain whose mail is passed on.</summary>
public sealed class RelayDomainSettings
{
    /// <summary>The domain.</summary>
    public string? Name { get; set; }

    /// <summary>Where to, such as [mail.internal]:25 or lmtp:[localhost]:24; by the domain's mail exchangers without it.</summary>
    public string? Via { get; set; }
}

/// <summary>How addresses are understood.</summary>
public sealed class RoutingSettings
{
    /// <inheritdoc cref="Delivery.DirectoryRouterOptions.SubaddressDelimiters"/>
    public string? SubaddressDelimiters { get; set; }

    /// <inheritdoc cref="Delivery.DirectoryRouterOptions.SubaddressMailboxes"/>
    public bool SubaddressMailboxes { get; set; }

    /// <inheritdoc cref="Delivery.DirectoryRouterOptions.Postmaster"/>
    public string? Postmaster { get; set; }

    /// <inheritdoc cref="Delivery.LocalDeliveryOptions.OverQuotaIsPermanent"/>
    public bool OverQuotaIsPermanent { get; set; }

    /// <inheritdoc cref="Delivery.DirectoryRouterOptions.VerifiesRelayRecipients"/>
    public bool? VerifiesRelayRecipients { get; set; }
}

/// <summary>One alias.</summary>
public sealed class AliasSettings
{
    /// <summary>An address, a domain's other addresses as "@example.org", or an expression as "/^sales-.*@example\.org$/".</summary>
    public string? Address { get; set; }

    /// <summary>Who gets its mail.</summary>
    public List<string> Targets { get; set; } = [];
}

/// <summary>One endpoint.</summary>
public sealed class ListenerSettings
{
    /// <summary>What it is for.</summary>
    public ListenerRole? Role { get; set; }

    /// <summary>TCP port; the role's own by default.</summary>
    public int? Port { get; set; }

    /// <summary>An IP address of this machine, or "localhost"; all addresses by default.</summary>
    public string? Address { get; set; }

    /// <summary>A Unix socket in the place of address and port.</summary>
    public string? Path { get; set; }

    /// <inheritdoc cref="MailEndpointBuilder.SocketName"/>
    public string? Socket { get; set; }

    /// <summary>The role's own by default.</summary>
    public TlsMode? Tls { get; set; }

    /// <summary>Networks of proxies that send a PROXY header, such as 10.0.0.0/8 or 192.0.2.1.</summary>
    public List<string> ProxyFrom { get; set; } = [];

    /// <summary>Networks that may speak for clients of theirs by XCLIENT; for roles that take mail.</summary>
    public List<string> XClientFrom { get; set; } = [];

    /// <summary>Networks that may tell by XFORWARD where mail came from; for roles that take mail.</summary>
    public List<string> XForwardFrom { get; set; } = [];

    /// <inheritdoc cref="TlsPolicy.AllowCleartextAuthentication"/>
    public bool AllowCleartextAuthentication { get; set; }
}

/// <summary>The roles an endpoint can have.</summary>
public enum ListenerRole
{
    /// <summary>Mail from other servers, port 25.</summary>
    Smtp,

    /// <summary>Mail from our users, STARTTLS, port 587.</summary>
    Submission,

    /// <summary>Mail from our users, implicit TLS, port 465.</summary>
    Submissions,

    /// <summary>Local delivery from another server, port 24 or a Unix socket.</summary>
    Lmtp,

    /// <summary>Port 143.</summary>
    Imap,

    /// <summary>Port 993.</summary>
    Imaps,

    /// <summary>Port 110.</summary>
    Pop3,

    /// <summary>Port 995.</summary>
    Pop3s,
}
