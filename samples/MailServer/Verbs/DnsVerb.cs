using System.Net;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Messaging;
using Microsoft.Extensions.DependencyInjection;

namespace MailServerSample.Verbs;

/// <summary>The records that a domain needs so that its mail comes here and is believed elsewhere.</summary>
internal static class DnsVerb
{
    public static Verb Verb { get; } = new(
        "dns",
        "DOMAIN [--check yes]",
        "Prints the DNS records that a domain of this server should have: MX, SPF, DMARC, and where clients find it. With --check it looks up what is published and says what differs; exit code 2 then. "
        + "'relay publish' prints those for TLS (TLSA, MTA-STS). The server may run meanwhile.",
        [new("check", "yes|no", "ask the DNS, too")],
        RunAsync)
    { MaxWords = 1 };

    private static async Task<int> RunAsync(VerbContext context)
    {
        var domain = context.Arguments.Words is [var word] && EmailAddress.IsDomain(word) ? word.TrimEnd('.') : throw DirectoryAccess.Refuse("Say which domain: dns example.org.");
        var host = context.Settings.HostName ?? throw DirectoryAccess.Refuse("Set Mail:HostName, this server's name in the DNS, first.");
        context.Say($"{host}. IN A      this server's IPv4 address; AAAA for IPv6");
        context.Say($"        and PTR of each address: {host}. (your provider sets it)");
        context.Say($"{domain}. IN MX 10 {host}.");
        context.Say($"{domain}. IN TXT \"v=spf1 mx -all\"");
        context.Say($"_dmarc.{domain}. IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@{domain}\"");
        foreach (var (service, port) in ClientServices(context.Settings))
        {
            context.Say($"{service}.{domain}. IN SRV 0 1 {port} {host}.");
        }

        if (!DirectoryAccess.YesOrNo("check", context.Arguments.Find("check") ?? "no"))
        {
            return 0;
        }

        await using var services = new ServiceCollection().AddMailServer(mail => mail.Apply(context.Settings)).BuildServiceProvider();
        var problems = await CheckAsync(services.GetRequiredService<IDnsResolver>(), domain, host, context.Stop);
        context.Say("");
        problems.ForEach(context.Say);
        context.Say(problems.Count == 0 ? "MX, addresses and their names, SPF and DMARC are published." : $"{problems.Count} problems.");
        return problems.Count == 0 ? 0 : 2;
    }

    /// <summary>RFC 6186 and RFC 8314: what of it this server serves on ports that clients may use from outside.</summary>
    private static IEnumerable<(string Service, int Port)> ClientServices(MailServerSettings settings)
    {
        var served = settings.Listeners.Count > 0
            ? settings.Listeners.Where(static listener => listener.Role is not null && listener.Path is null && !DefaultListeners.IsLocal(listener)).Select(static listener => (Role: listener.Role!.Value, listener.Port))
            : MailServerPreset.All.Where(preset => preset.Name.Equals(settings.Preset, StringComparison.OrdinalIgnoreCase)).SelectMany(static preset => preset.Endpoints)
                .Where(static endpoint => endpoint.IsOn).Select(static endpoint => (endpoint.Role, Port: (int?)endpoint.Port));
        foreach (var (role, port) in served)
        {
            (string Service, int Port)? known = role switch
            {
                ListenerRole.Submissions => ("_submissions._tcp", 465),
                ListenerRole.Submission => ("_submission._tcp", 587),
                ListenerRole.Imaps => ("_imaps._tcp", 993),
                ListenerRole.Imap => ("_imap._tcp", 143),
                ListenerRole.Pop3s => ("_pop3s._tcp", 995),
                ListenerRole.Pop3 => ("_pop3._tcp", 110),
                _ => null,
            };
            if (known is { } service)
            {
                yield return (service.Service, port ?? service.Port);
            }
        }
    }

    private static async Task<List<string>> CheckAsync(IDnsResolver dns, string domain, string host, CancellationToken stop)
    {
        var problems = new List<string>();
        var exchangers = await QueryAsync(domain, DnsRecordType.Mx);
        if (exchangers is not null && !exchangers.OfType<MailExchangeRecord>().Any(record => record.Exchange.TrimEnd('.').Equals(host, StringComparison.OrdinalIgnoreCase)))
        {
            problems.Add($"MX of {domain} does not name {host}: {Describe(exchangers)}.");
        }

        var addresses = ((await QueryAsync(host, DnsRecordType.A) ?? []).Concat(await QueryAsync(host, DnsRecordType.Aaaa) ?? [])).OfType<AddressRecord>().Select(static record => record.Address).ToList();
        if (addresses.Count == 0)
        {
            problems.Add($"{host} has no address.");
        }

        foreach (var address in addresses.Where(static address => !IPAddress.IsLoopback(address)))
        {
            var names = await QueryAsync(ReverseName(address), DnsRecordType.Ptr);
            if (names is not null && !names.OfType<PointerRecord>().Any(record => record.Target.TrimEnd('.').Equals(host, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Add($"PTR of {address} is not {host}: {Describe(names)}. Many servers refuse mail from it.");
            }
        }

        await CheckTextAsync(domain, "v=spf1", "SPF");
        await CheckTextAsync($"_dmarc.{domain}", "v=DMARC1", "DMARC");
        return problems;

        async Task CheckTextAsync(string name, string begin, string what)
        {
            if (await QueryAsync(name, DnsRecordType.Txt) is { } texts && !texts.OfType<TextRecord>().Any(record => record.Text.StartsWith(begin, StringComparison.OrdinalIgnoreCase)))
            {
                problems.Add($"{name} has no {what} record.");
            }
        }

        // Null when nobody can say; that is told.
        async Task<IReadOnlyList<DnsRecord>?> QueryAsync(string name, DnsRecordType type)
        {
            var answer = await dns.QueryAsync(name, type, stop);
            if (answer.Outcome != DnsOutcome.Failed)
            {
                return answer.Records;
            }

            problems.Add($"The DNS does not answer for {type.ToString().ToUpperInvariant()} of {name}.");
            return null;
        }
    }

    private static string Describe(IReadOnlyList<DnsRecord> records) => records.Count == 0 ? "there is none" : string.Join(", ", records);

    private static string ReverseName(IPAddress address)
    {
        var octets = address.GetAddressBytes().Reverse();
        return octets.Count() == 4
            ? string.Join('.', octets) + ".in-addr.arpa"
            : string.Join('.', octets.SelectMany(static octet => new[] { octet & 15, octet >> 4 }).Select(static half => half.ToString("x", System.Globalization.CultureInfo.InvariantCulture))) + ".ip6.arpa";
    }
}
