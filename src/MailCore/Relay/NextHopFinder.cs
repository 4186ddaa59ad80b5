using System.Net;
using System.Net.Sockets;
using MailCore.Dns;
using MailCore.Messaging;
using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>
/// Finds hosts by MX records (RFC 5321 5.1, RFC 7505), or the host that is named, and asks the gate what the connection to each must be.
/// Thread-safe.
/// </summary>
internal sealed class NextHopFinder(IDnsResolver dns, OutboundTlsGate gate, OutboundTlsOptions options, string hostName, TimeProvider time) : INextHopFinder
{
    private readonly HostFinder _hosts = new(time);

    public ValueTask<HopPlan> FindAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken)
    {
        var heard = wish == MessageTls.NotRequired && !options.HonoursTlsRequiredNo ? MessageTls.Usual : wish;
        return Literal(hop.Host) is { } literal ? FindLiteralAsync(hop, literal, cancellationToken)
            : hop.UsesMx ? FindByMxAsync(hop, heard, cancellationToken)
            : FindHostAsync(hop, heard, cancellationToken);
    }

    private async ValueTask<HopPlan> FindByMxAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken)
    {
        var answer = await dns.QueryAsync(hop.Host, DnsRecordType.Mx, cancellationToken).ConfigureAwait(false);
        var exchangers = Exchangers(hop.Host, answer, out var failure);
        var (hosts, refusals, forbidden, hadOutage) = (new List<HopHost>(), new List<SmtpReply>(), new List<HopHost>(), false);
        foreach (var name in exchangers.Take(options.MaxExchangers))
        {
            var found = await LookUpAsync(name, cancellationToken).ConfigureAwait(false);
            hadOutage |= found.HasFailed;
            if (found.Addresses.Count == 0)
            {
                continue;
            }

            var server = new OutboundServer
            {
                Domain = hop.Host,
                Host = name,
                Port = hop.Port,
                UsesMx = true,
                IsFoundSecurely = answer.IsAuthenticated,
                CanonicalHost = found.CanonicalName,
                HasSecureAddresses = found.IsAuthenticated,
            };
            var judged = await gate.AskAsync(server, wish, cancellationToken).ConfigureAwait(false);
            var refusal = judged.Refusal ?? (wish == MessageTls.Required && !judged.Requirement.IsHostVouchedFor ? NotVouchedFor(name) : null);
            var host = new HopHost(name, found.Addresses, hop.Port, judged.Requirement) { Policies = judged.Published };
            (refusal is null ? hosts : forbidden).Add(host);
            if (refusal is not null)
            {
                refusals.Add(refusal);
            }

            // What may pass is worth more than what will not.
            failure = failure is { IsTransient: true } ? failure : refusal ?? failure;
        }

        var plan = hosts.Count > 0 ? new HopPlan(hosts, null) { Refusals = refusals }
            : hadOutage && failure is not { IsTransient: true } ? new HopPlan([], NoAnswer(hop.Host))
            : new HopPlan([], failure ?? NoAddress(hop.Host, answer.Outcome));
        return plan with { Forbidden = forbidden };
    }

    /// <summary>Their names in the order in which to try them.</summary>
    private IEnumerable<string> Exchangers(string domain, DnsAnswer answer, out SmtpReply? failure)
    {
        failure = answer.Outcome switch
        {
            DnsOutcome.Failed => NoAnswer(domain),
            DnsOutcome.NoSuchName => new SmtpReply(550, "5.1.2", $"There is no domain {domain}"),
            _ => null,
        };
        if (failure is not null)
        {
            return [];
        }

        // RFC 5321 5.1: no MX means the domain itself, with preference 0.
        var records = answer.Outcome == DnsOutcome.NoData
            ? [(Preference: 0, Exchange: domain)]
            : answer.Records.OfType<MailExchangeRecord>().Select(static record => (record.Preference, record.Exchange)).ToList();
        records.RemoveAll(static record => record.Exchange == ".");
        if (records.Count == 0)
        {
            failure = new SmtpReply(556, "5.1.10", $"{domain} takes no mail (null MX)");
            return [];
        }

        // RFC 5321 5.1: with ourselves in the list, only who is preferred to us can be nearer to the goal.
        var own = records.Where(record => IsOwn(record.Exchange)).Select(static record => record.Preference).DefaultIfEmpty(int.MaxValue).Min();
        records.RemoveAll(record => record.Preference >= own);
        if (records.Count == 0)
        {
            failure = new SmtpReply(554, "5.4.6", $"Mail for {domain} leads back to this server, which does not take it");
        }

        return records.GroupBy(static record => record.Preference).OrderBy(static group => group.Key)
            .SelectMany(static group => Shuffle(group.Select(static record => record.Exchange)))
            .Distinct(StringComparer.OrdinalIgnoreCase);
    }

    private async ValueTask<HopPlan> FindHostAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken)
    {
        var plan = await _hosts.FindAsync(hop, wish, cancellationToken).ConfigureAwait(false);
        if (plan.Failure is not null)
        {
            return plan;
        }

        // The machine may know it by its hosts file alone; only DNS can vouch for it.
        var found = await LookUpAsync(hop.Host, cancellationToken).ConfigureAwait(false);
        return await JudgeAsync(hop, plan.Hosts[0].Addresses, found, wish, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<HopPlan> FindLiteralAsync(NextHop hop, IPAddress literal, CancellationToken cancellationToken) =>
        JudgeAsync(hop, [literal], new Found([literal], literal.ToString(), false, false), MessageTls.Usual, cancellationToken);

    private async ValueTask<HopPlan> JudgeAsync(NextHop hop, IReadOnlyList<IPAddress> addresses, Found found, MessageTls wish, CancellationToken cancellationToken)
    {
        var name = Literal(hop.Host)?.ToString() ?? hop.Host;
        var server = new OutboundServer
        {
            Domain = hop.Host,
            Host = name,
            Port = hop.Port,
            IsFoundSecurely = !hop.UsesMx,
            CanonicalHost = found.CanonicalName,
            HasSecureAddresses = found.IsAuthenticated,
        };
        var judged = await gate.AskAsync(server, wish, cancellationToken).ConfigureAwait(false);
        return judged.Refusal is { } refusal
            ? new HopPlan([], refusal)
            : new HopPlan([new HopHost(name, addresses, hop.Port, judged.Requirement) { Policies = judged.Published }], null);
    }

    private async ValueTask<Found> LookUpAsync(string name, CancellationToken cancellationToken)
    {
        var none = new DnsAnswer(DnsOutcome.NoData, []) { CanonicalName = name };
        var six = options.AddressOrder == AddressOrder.Ipv4Only ? new(none) : dns.QueryAsync(name, DnsRecordType.Aaaa, cancellationToken);
        var four = options.AddressOrder == AddressOrder.Ipv6Only ? none : await dns.QueryAsync(name, DnsRecordType.A, cancellationToken).ConfigureAwait(false);
        DnsAnswer[] answers = [await six.ConfigureAwait(false), four];
        var addresses = answers.Select(static answer => answer.Records.OfType<AddressRecord>().Select(static record => record.Address).ToList()).ToList();
        if (options.AddressOrder == AddressOrder.Ipv4First)
        {
            addresses.Reverse();
        }

        var found = answers.Where(static answer => answer.Outcome == DnsOutcome.Found).ToList();
        return new Found(
            InTurns(addresses[0], addresses[1]),
            found.FirstOrDefault()?.CanonicalName ?? name,
            found.Count > 0 && found.TrueForAll(static answer => answer.IsAuthenticated),
            answers.Any(static answer => answer.Outcome == DnsOutcome.Failed));
    }

    private static List<IPAddress> InTurns(List<IPAddress> first, List<IPAddress> second) =>
        [.. first.Select(static (address, i) => (i * 2, address)).Concat(second.Select(static (address, i) => ((i * 2) + 1, address))).OrderBy(static one => one.Item1).Select(static one => one.address)];

    private static string[] Shuffle(IEnumerable<string> names)
    {
        var all = names.ToArray();
#pragma warning disable CA5394 // It spreads load.
        Random.Shared.Shuffle(all);
#pragma warning restore CA5394
        return all;
    }

    private bool IsOwn(string name) =>
        (hostName != "localhost" && name.Equals(hostName, StringComparison.OrdinalIgnoreCase)) || options.OwnNames.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>RFC 5321 4.1.3, with or without its brackets.</summary>
    private static IPAddress? Literal(string host)
    {
        var text = host is ['[', .., ']'] ? host.AsSpan(1, host.Length - 2) : host;
        text = text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? text[5..] : text;
        return IPAddress.TryParse(text, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count('.') == 3) ? address : null;
    }

    private static SmtpReply NoAnswer(string name) => new(451, "4.4.3", $"The mail exchangers of {name} can't be looked up now");

    private static SmtpReply NoAddress(string domain, DnsOutcome mx) => mx == DnsOutcome.NoData
        ? new SmtpReply(550, "5.1.2", $"{domain} has neither mail exchangers nor an address")
        : new SmtpReply(550, "5.4.4", $"None of the mail exchangers of {domain} has an address");

    private static SmtpReply NotVouchedFor(string host) => new(550, "5.7.30", $"REQUIRETLS: neither DNSSEC nor MTA-STS vouches for {host}");

    /// <summary>What DNS says about a host.</summary>
    private sealed record Found(IReadOnlyList<IPAddress> Addresses, string CanonicalName, bool IsAuthenticated, bool HasFailed);
}
