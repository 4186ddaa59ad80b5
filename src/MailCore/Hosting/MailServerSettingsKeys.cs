using MailCore.Tls;
using Microsoft.Extensions.Configuration;

namespace MailCore.Hosting;

/// <summary>The keys of <see cref="MailServerSettings"/>, so that a misspelt one is told and not ignored.</summary>
internal static class MailServerSettingsKeys
{
    private static readonly string[] Root =
    [
        nameof(MailServerSettings.HostName), nameof(MailServerSettings.Domains), nameof(MailServerSettings.DataFolder),
        nameof(MailServerSettings.FullTextSearch),
        nameof(MailServerSettings.Certificate), nameof(MailServerSettings.Tls), nameof(MailServerSettings.Preset),
        nameof(MailServerSettings.AllowSubmissionFrom), nameof(MailServerSettings.Accounts), nameof(MailServerSettings.SharedAccount), nameof(MailServerSettings.AccountsFile),
        nameof(MailServerSettings.MasterUsers), nameof(MailServerSettings.MasterUserSeparator), nameof(MailServerSettings.Aliases),
        nameof(MailServerSettings.RelayDomains), nameof(MailServerSettings.Relay), nameof(MailServerSettings.Routing),
        nameof(MailServerSettings.Filters),
        nameof(MailServerSettings.Listeners), nameof(MailServerSettings.MaxConnections),
        nameof(MailServerSettings.MaxConnectionsPerAddress), nameof(MailServerSettings.MaxMessageSize),
    ];

    private static readonly string[] Certificate =
    [
        nameof(CertificateSettings.File), nameof(CertificateSettings.KeyFile), nameof(CertificateSettings.Password), nameof(CertificateSettings.Folder),
    ];

    private static readonly string[] Tls =
    [
        nameof(TlsSettings.MinimumVersion), nameof(TlsSettings.CipherSuites), nameof(TlsSettings.HandshakeTimeout),
        nameof(TlsSettings.ClientCertificates), nameof(TlsSettings.ClientAuthorities),
    ];

    private static readonly string[] Account = [nameof(AccountSettings.Address), nameof(AccountSettings.Password), nameof(AccountSettings.SendAs)];

    private static readonly string[] MasterUser =
    [
        nameof(MasterUserSettings.Name), nameof(MasterUserSettings.Password), nameof(MasterUserSettings.PasswordHash), nameof(MasterUserSettings.MaySubmit),
    ];

    private static readonly string[] Filters =
    [
        nameof(FilterSettings.Dnsbl), nameof(FilterSettings.Greylisting), nameof(FilterSettings.GreylistDelay), nameof(FilterSettings.ClientNames),
        nameof(FilterSettings.GreetingDelay), nameof(FilterSettings.RefusedSenders), nameof(FilterSettings.RefusedRecipients),
        nameof(FilterSettings.MessagesPerHour), nameof(FilterSettings.MessagesPerHourFromAddress),
    ];

    private static readonly string[] Alias = [nameof(AliasSettings.Address), nameof(AliasSettings.Targets)];

    private static readonly string[] RelayDomain = [nameof(RelayDomainSettings.Name), nameof(RelayDomainSettings.Via)];

    private static readonly string[] Relay =
    [
        nameof(RelaySettings.Enabled), nameof(RelaySettings.MinimumDelay), nameof(RelaySettings.MaximumDelay), nameof(RelaySettings.Lifetime), nameof(RelaySettings.WarnAfter),
        nameof(RelaySettings.MaxConnections), nameof(RelaySettings.MaxConnectionsPerDestination), nameof(RelaySettings.DoubleBouncesTo),
        nameof(RelaySettings.HelloName), nameof(RelaySettings.BindAddresses), nameof(RelaySettings.BindAddressesByHop),
        nameof(RelaySettings.SmartHosts), nameof(RelaySettings.SenderLogins), nameof(RelaySettings.DirectSenders), nameof(RelaySettings.DirectRecipients),
        nameof(RelaySettings.RelayMapFile), nameof(RelaySettings.PasswordFile), nameof(RelaySettings.MaxRecipients), nameof(RelaySettings.PrefersChunking),
        nameof(RelaySettings.AuthoritiesFile), nameof(RelaySettings.Srs),
        nameof(RelaySettings.Dane), nameof(RelaySettings.MtaSts), nameof(RelaySettings.Tls), nameof(RelaySettings.TlsByDomain),
        nameof(RelaySettings.DnsServers), nameof(RelaySettings.TrustDnssec),
    ];

    private static readonly string[] Srs =
    [
        nameof(SrsSettings.Domain), nameof(SrsSettings.Secrets), nameof(SrsSettings.ExcludedDomains), nameof(SrsSettings.MaxAgeDays), nameof(SrsSettings.HashLength),
    ];

    private static readonly string[] SmartHost =
    [
        nameof(SmartHostSettings.Host), nameof(SmartHostSettings.Tls), nameof(SmartHostSettings.ImplicitTls), nameof(SmartHostSettings.User),
        nameof(SmartHostSettings.Password), nameof(SmartHostSettings.AllowCleartextLogin), nameof(SmartHostSettings.BindAddress),
        nameof(SmartHostSettings.Senders), nameof(SmartHostSettings.Recipients),
    ];

    private static readonly string[] SenderLogin = [nameof(SenderLoginSettings.Sender), nameof(SenderLoginSettings.User), nameof(SenderLoginSettings.Password)];

    private static readonly string[] Routing =
    [
        nameof(RoutingSettings.SubaddressDelimiters), nameof(RoutingSettings.SubaddressMailboxes), nameof(RoutingSettings.Postmaster),
        nameof(RoutingSettings.OverQuotaIsPermanent), nameof(RoutingSettings.VerifiesRelayRecipients),
    ];

    private static readonly string[] Listener =
    [
        nameof(ListenerSettings.Role), nameof(ListenerSettings.Port), nameof(ListenerSettings.Address), nameof(ListenerSettings.Path), nameof(ListenerSettings.Socket),
        nameof(ListenerSettings.Tls), nameof(ListenerSettings.AllowCleartextAuthentication),
        nameof(ListenerSettings.ProxyFrom), nameof(ListenerSettings.XClientFrom), nameof(ListenerSettings.XForwardFrom),
    ];

    private static void CheckRelay(IConfigurationSection relay, List<string> problems)
    {
        Check(relay.GetChildren(), Relay, problems);
        CheckItems(relay.GetSection(nameof(RelaySettings.SmartHosts)), SmartHost, problems);
        CheckItems(relay.GetSection(nameof(RelaySettings.SenderLogins)), SenderLogin, problems);
        Check(relay.GetSection(nameof(RelaySettings.Srs)).GetChildren(), Srs, problems);
        CheckList(relay.GetSection(nameof(RelaySettings.BindAddresses)), "192.0.2.1", problems);
        CheckList(relay.GetSection(nameof(RelaySettings.DnsServers)), "127.0.0.1:53", problems);
        CheckList(relay.GetSection(nameof(RelaySettings.DirectSenders)), "example.org", problems);
        CheckList(relay.GetSection(nameof(RelaySettings.DirectRecipients)), "example.org", problems);
    }

    private static void CheckFilters(IConfigurationSection filters, List<string> problems)
    {
        Check(filters.GetChildren(), Filters, problems);
        CheckList(filters.GetSection(nameof(FilterSettings.Dnsbl)), "zen.spamhaus.org", problems);
        CheckList(filters.GetSection(nameof(FilterSettings.RefusedSenders)), "@example\\.org$", problems);
        CheckList(filters.GetSection(nameof(FilterSettings.RefusedRecipients)), "@example\\.org$", problems);
    }

    public static List<string> FindUnknown(IConfiguration section)
    {
        var problems = new List<string>();
        Check(section.GetChildren(), Root, problems);
        Check(section.GetSection(nameof(MailServerSettings.Certificate)).GetChildren(), Certificate, problems);
        Check(section.GetSection(nameof(MailServerSettings.Tls)).GetChildren(), Tls, problems);
        CheckItems(section.GetSection(nameof(MailServerSettings.Accounts)), Account, problems);
        CheckItems(section.GetSection(nameof(MailServerSettings.Aliases)), Alias, problems);
        CheckItems(section.GetSection(nameof(MailServerSettings.MasterUsers)), MasterUser, problems);
        CheckItems(section.GetSection(nameof(MailServerSettings.RelayDomains)), RelayDomain, problems);
        CheckRelay(section.GetSection(nameof(MailServerSettings.Relay)), problems);
        CheckFilters(section.GetSection(nameof(MailServerSettings.Filters)), problems);
        Check(section.GetSection(nameof(MailServerSettings.Routing)).GetChildren(), Routing, problems);
        CheckItems(section.GetSection(nameof(MailServerSettings.Listeners)), Listener, problems);
        CheckList(section.GetSection(nameof(MailServerSettings.Domains)), "example.org", problems);
        CheckList(section.GetSection(nameof(MailServerSettings.AllowSubmissionFrom)), "172.16.0.0/12", problems);
        CheckList(section.GetSection($"{nameof(MailServerSettings.Tls)}:{nameof(TlsSettings.CipherSuites)}"), "TLS_AES_256_GCM_SHA384", problems);
        CheckName<ClientCertificateRule>(section.GetSection($"{nameof(MailServerSettings.Tls)}:{nameof(TlsSettings.ClientCertificates)}"), problems);
        foreach (var listener in section.GetSection(nameof(MailServerSettings.Listeners)).GetChildren())
        {
            CheckName<ListenerRole>(listener.GetSection(nameof(ListenerSettings.Role)), problems);
            CheckName<TlsMode>(listener.GetSection(nameof(ListenerSettings.Tls)), problems);
            CheckList(listener.GetSection(nameof(ListenerSettings.ProxyFrom)), "10.0.0.0/8", problems);
            CheckList(listener.GetSection(nameof(ListenerSettings.XClientFrom)), "10.0.0.0/8", problems);
            CheckList(listener.GetSection(nameof(ListenerSettings.XForwardFrom)), "10.0.0.0/8", problems);
        }

        foreach (var account in section.GetSection(nameof(MailServerSettings.Accounts)).GetChildren())
        {
            CheckList(account.GetSection(nameof(AccountSettings.SendAs)), "name@example.org", problems);
        }

        foreach (var alias in section.GetSection(nameof(MailServerSettings.Aliases)).GetChildren())
        {
            CheckList(alias.GetSection(nameof(AliasSettings.Targets)), "name@example.org", problems);
        }

        return problems;
    }

    private static void CheckName<TEnum>(IConfigurationSection key, List<string> problems)
        where TEnum : struct, Enum
    {
        if (key.Value is { Length: > 0 } text && !Enum.TryParse<TEnum>(text, ignoreCase: true, out _))
        {
            problems.Add($"Configuration key '{key.Path}' is '{text}'. Use one of {string.Join(", ", Enum.GetNames<TEnum>())}.");
        }
    }

    // An empty array reads as an empty value.
    private static void CheckList(IConfigurationSection list, string example, List<string> problems)
    {
        if (!string.IsNullOrEmpty(list.Value))
        {
            problems.Add($"Configuration key '{list.Path}' is a list. Write its first item as '{list.Path}:0', such as {list.Path}:0={example}.");
        }
    }

    private static void CheckItems(IConfigurationSection list, string[] known, List<string> problems)
    {
        if (!string.IsNullOrEmpty(list.Value))
        {
            problems.Add($"Configuration key '{list.Path}' is a list. Write '{list.Path}:0:{known[0]}'.");
        }

        foreach (var item in list.GetChildren())
        {
            if (!string.IsNullOrEmpty(item.Value))
            {
                problems.Add($"Configuration key '{item.Path}' has keys of its own: {string.Join(", ", known)}. Write '{item.Path}:{known[0]}'.");
            }

            Check(item.GetChildren(), known, problems);
        }
    }

    private static void Check(IEnumerable<IConfigurationSection> keys, string[] known, List<string> problems)
    {
        foreach (var key in keys)
        {
            if (!known.Contains(key.Key, StringComparer.OrdinalIgnoreCase))
            {
                var near = known.MinBy(name => Distance(name, key.Key))!;
                var hint = Distance(near, key.Key) <= 3 ? $" Did you mean '{near}'?" : $" Known here: {string.Join(", ", known)}.";
                problems.Add($"Unknown configuration key '{key.Path}'.{hint}");
            }
        }
    }

    // Levenshtein.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var same = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]);
                row[j] = Math.Min(Math.Min(row[j - 1], above) + 1, diagonal + (same ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
