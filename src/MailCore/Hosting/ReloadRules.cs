namespace MailCore.Hosting;

/// <summary>Which keys of the configuration take effect by a reload. The table in docs/appliance.md is this one.</summary>
internal static class ReloadRules
{
    public static IReadOnlyList<ReloadRule> All { get; } =
    [
        new("Domains", true, "addresses from the next RCPT on; the domains that SRS leaves alone are those of the start"),
        new("Accounts", true, "missing ones are made, passwords set by the sample; one that is taken out stays until it is removed"),
        new("AccountsFile", true, "by the sample: accounts that are not there yet are made"),
        new("Aliases", true, "from the next RCPT on"),
        new("RelayDomains", true, "from the next RCPT on"),
        new("Routing", true, "from the next RCPT on"),
        new("Routing:VerifiesRelayRecipients", false, "what asks is put together at the start"),
        new("AllowSubmissionFrom", true, "new sessions"),
        new("MaxMessageSize", true, "new sessions"),
        new("MaxConnections", true, "new connections"),
        new("MaxConnectionsPerAddress", true, "new connections"),
        new("Filters", true, "new sessions; rate limits count from nothing"),
        new("MasterUsers", true, "new logins"),
        new("MasterUserSeparator", true, "new logins"),
        new("Relay", true, "new connections; mail that waits keeps its next hop"),
        new("Relay:Enabled", false, "the queue is opened at the start"),
        new("Relay:MaxConnections", false, "workers are made at the start"),
        new("Relay:MaxConnectionsPerDestination", false, "workers are made at the start"),
        new("Relay:Dane", false, "TLS is never changed by halves"),
        new("Relay:MtaSts", false, "TLS is never changed by halves"),
        new("Relay:Tls", false, "TLS is never changed by halves"),
        new("Relay:TlsByDomain", false, "TLS is never changed by halves"),
        new("Relay:DnsServers", false, "the resolver is made at the start"),
        new("Relay:TrustDnssec", false, "the resolver is made at the start"),
        new("Relay:Srs", false, "secrets of addresses in use"),
        new("HostName", false, "it stands in greetings, certificates' choice and queue ids"),
        new("DataFolder", false, "the store is open"),
        new("FullTextSearch", false, "the store is open"),
        new("SharedAccount", false, "namespaces are announced once"),
        new("Certificate", false, "other files, which check-config reads; what is in them is read again by itself"),
        new("Tls", false, "TLS is never changed by halves"),
        new("Preset", false, "listeners are bound once"),
        new("Listeners", false, "listeners are bound once"),
    ];

    /// <summary>Whether a key takes effect by a reload; the longest rule that fits it says so, and what no rule knows waits for a restart.</summary>
    public static bool IsLive(string key) => All.Where(rule => rule.Covers(key)).MaxBy(static rule => rule.Key.Length) is { IsLive: true };
}

/// <summary>What happens to a key.</summary>
/// <param name="Key">It and all below it.</param>
/// <param name="IsLive">Whether it takes effect by a reload, or waits for a restart.</param>
/// <param name="Note">Since when, or why not.</param>
internal sealed record ReloadRule(string Key, bool IsLive, string Note)
{
    public bool Covers(string key) =>
        key.StartsWith(Key, StringComparison.OrdinalIgnoreCase) && (key.Length == Key.Length || key[Key.Length] == ':');
}
