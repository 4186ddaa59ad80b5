using System.Net;
using MailCore.Dns;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>Knows what it is told; everything else does not exist.</summary>
internal sealed class StubDns : IDnsResolver
{
    private readonly Dictionary<(string, DnsRecordType), DnsAnswer> _answers = [];

    public List<string> Asked { get; } = [];

    public StubDns Address(string name, params string[] addresses) =>
        Add(name, DnsRecordType.A, [.. addresses.Select(address => new AddressRecord(name, TimeSpan.Zero, IPAddress.Parse(address)))]);

    public StubDns Text(string name, string text) => Add(name, DnsRecordType.Txt, new TextRecord(name, TimeSpan.Zero, text));

    public StubDns Pointer(string name, params string[] targets) => Add(name, DnsRecordType.Ptr, [.. targets.Select(target => new PointerRecord(name, TimeSpan.Zero, target))]);

    public StubDns Fail(string name, DnsRecordType type)
    {
        _answers[(name, type)] = new DnsAnswer(DnsOutcome.Failed, []) { CanonicalName = name };
        return this;
    }

    public StubDns Add(string name, DnsRecordType type, params DnsRecord[] records)
    {
        _answers[(name, type)] = new DnsAnswer(DnsOutcome.Found, records) { CanonicalName = name };
        return this;
    }

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        lock (Asked)
        {
            Asked.Add($"{name} {type}");
        }

        return ValueTask.FromResult(_answers.TryGetValue((name, type), out var answer) ? answer : new DnsAnswer(DnsOutcome.NoSuchName, []) { CanonicalName = name });
    }
}
