using System.Globalization;
using MailCore.Dns;
using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>
/// DANE for SMTP (RFC 7672): TLSA records count where DNSSEC vouches for them, and for every step on the way to them. A look-up that
/// fails makes mail wait: whoever can keep TLSA records away must not thereby make them not be there.
/// </summary>
internal sealed class DanePolicy(IDnsResolver dns) : IOutboundTlsPolicy
{
    private const string Source = "dane";

    public bool IsRecipients => true;

    public async ValueTask<OutboundTlsAnswer> GetRequirementAsync(OutboundServer server, CancellationToken cancellationToken)
    {
        if (!server.IsFoundSecurely)
        {
            return default;
        }

        foreach (var name in await FindBasesAsync(server, cancellationToken).ConfigureAwait(false))
        {
            var answer = await dns.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"_{server.Port}._tcp.{name}"), DnsRecordType.Tlsa, cancellationToken).ConfigureAwait(false);
            if (answer.Outcome == DnsOutcome.Failed)
            {
                return Refuse(server, "dnssec-invalid");
            }

            if (answer is { Outcome: DnsOutcome.Found, IsAuthenticated: true })
            {
                return Require(server, name, [.. answer.Records.OfType<TlsaRecord>()]);
            }
        }

        return default;
    }

    /// <summary>RFC 7672 2.2.2: the name that aliases lead to, and then the one they start from; only that one where their end is not signed but their start is.</summary>
    private async ValueTask<IReadOnlyList<string>> FindBasesAsync(OutboundServer server, CancellationToken cancellationToken)
    {
        var isAlias = !server.CanonicalHost.Equals(server.Host, StringComparison.OrdinalIgnoreCase);
        if (server.HasSecureAddresses)
        {
            return isAlias ? [server.CanonicalHost, server.Host] : [server.Host];
        }

        return isAlias && await dns.QueryAsync(server.Host, DnsRecordType.Cname, cancellationToken).ConfigureAwait(false) is { Outcome: DnsOutcome.Found, IsAuthenticated: true }
            ? [server.Host]
            : [];
    }

    private static OutboundTlsAnswer Require(OutboundServer server, string name, IReadOnlyList<TlsaRecord> records)
    {
        var usable = TlsaRecords.Usable(records);
        var published = new PublishedPolicy("tlsa", [.. records.Select(TlsaRecords.Write)], []) { Problem = usable.Count == 0 ? "tlsa-invalid" : null };
        // RFC 7672 2.2: records that can't be used still say that there is TLS.
        return new OutboundTlsAnswer(new OutboundTlsRequirement
        {
            Level = usable.Count == 0 ? OutboundTlsLevel.Encrypt : OutboundTlsLevel.Dane,
            Source = Source,
            Associations = usable,
            Names = usable.Count == 0 ? [] : [.. Names(server, name).Distinct(StringComparer.OrdinalIgnoreCase)],
            IsHostVouchedFor = true,
        }, null, published);
    }

    /// <summary>RFC 7672 3.2.2; the TLSA base domain is the one for SNI.</summary>
    private static IEnumerable<string> Names(OutboundServer server, string tlsaBase) =>
        server.UsesMx ? [tlsaBase, server.Host, server.CanonicalHost, server.Domain] : [tlsaBase, server.Host];

    private static OutboundTlsAnswer Refuse(OutboundServer server, string problem) => new(
        null,
        new SmtpReply(450, "4.7.5", $"{server.Host}: its TLSA records can't be looked up now, or their signatures are wrong"),
        new PublishedPolicy("tlsa", [], []) { Problem = problem });
}
