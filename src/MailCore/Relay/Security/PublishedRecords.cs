using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;

namespace MailCore.Relay.Security;

/// <summary>A record for a zone file.</summary>
/// <param name="Name">Whose record it is, with a dot at the end.</param>
/// <param name="Type">"MX", "TXT", "TLSA".</param>
/// <param name="Value">As a zone file has it.</param>
public sealed record ZoneRecord(string Name, string Type, string Value)
{
    /// <summary>A line of a zone file.</summary>
    public override string ToString() => $"{Name} IN {Type} {Value}";
}

/// <summary>What a domain should publish so that others send it mail safely: MX, TLSA, MTA-STS and TLS reporting.</summary>
public static class PublishedRecords
{
    /// <summary>
    /// The records of a domain whose mail <paramref name="host"/> takes on port 25 with this certificate. TLSA is "3 1 1", the digest of the
    /// key: it stays good as long as a renewal keeps the key. <paramref name="reportsTo"/>: where TLS reports go; null for none.
    /// </summary>
    public static IReadOnlyList<ZoneRecord> For(string domain, string host, X509Certificate2 certificate, MtaStsPolicy policy, string? reportsTo = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(domain);
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(policy);
        List<ZoneRecord> records =
        [
            new($"{domain}.", "MX", $"10 {host}."),
            Tlsa(host, certificate),
            new($"_mta-sts.{domain}.", "TXT", $"\"v=STSv1; id={IdOf(policy)};\""),
        ];
        if (reportsTo is not null)
        {
            records.Add(new ZoneRecord($"_smtp._tls.{domain}.", "TXT", $"\"v=TLSRPTv1; rua=mailto:{reportsTo}\""));
        }

        return records;
    }

    /// <summary>The TLSA record of a host for port 25.</summary>
    public static ZoneRecord Tlsa(string host, X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new ZoneRecord($"_25._tcp.{host}.", "TLSA", TlsaRecords.Write(TlsaRecords.EndEntity, 1, 1, TlsaRecords.Data(certificate, 1, 1)));
    }

    /// <summary>
    /// Whether senders that follow DANE would still accept the host with this certificate, by what is published now: null where it has no
    /// TLSA records that they use, or nobody can say. <paramref name="chain"/> are the certificates sent along.
    /// </summary>
    public static async ValueTask<bool?> IsAcceptedAsync(
        IDnsResolver dns, string host, X509Certificate2 certificate, X509Certificate2Collection? chain, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dns);
        ArgumentNullException.ThrowIfNull(certificate);
        var answer = await dns.QueryAsync($"_25._tcp.{host}", DnsRecordType.Tlsa, cancellationToken).ConfigureAwait(false);
        var usable = TlsaRecords.Usable([.. answer.Records.OfType<TlsaRecord>()]);
        return usable.Count == 0
            ? null
            : usable.Any(record => record.Usage == TlsaRecords.EndEntity ? TlsaRecords.Matches(record, certificate) : chain?.Any(issuer => TlsaRecords.Matches(record, issuer)) == true);
    }

    /// <summary>Changes when the policy does, and only then.</summary>
    private static string IdOf(MtaStsPolicy policy) =>
        Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(policy.ToString()))).ToLower(CultureInfo.InvariantCulture)[..32];
}
