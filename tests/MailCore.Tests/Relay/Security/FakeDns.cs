using System.Collections.Concurrent;
using System.Net;
using MailCore.Dns;

namespace MailCore.Tests.Relay.Security;

/// <summary>A zone as the test writes it; a name ends where its first record of a type is asked for.</summary>
internal sealed class FakeDns : IDnsResolver
{
    private readonly ConcurrentDictionary<(string Name, DnsRecordType Type), DnsAnswer> _answers = new();
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.OrdinalIgnoreCase);

    public ConcurrentQueue<string> Questions { get; } = new();

    /// <summary>Whether answers are signed.</summary>
    public bool IsSigned { get; set; }

    public FakeDns Mx(string name, params (int Preference, string Exchange)[] records) =>
        Add(name, DnsRecordType.Mx, [.. records.Select(record => new MailExchangeRecord(name, TimeSpan.Zero, record.Preference, record.Exchange))]);

    public FakeDns Address(string name, params string[] addresses)
    {
        var all = addresses.Select(IPAddress.Parse).ToList();
        foreach (var type in new[] { DnsRecordType.A, DnsRecordType.Aaaa })
        {
            var some = all.Where(one => (one.GetAddressBytes().Length == 4) == (type == DnsRecordType.A)).ToList();
            if (some.Count > 0)
            {
                Add(name, type, [.. some.Select(one => new AddressRecord(name, TimeSpan.Zero, one))]);
            }
        }

        return this;
    }

    public FakeDns Text(string name, params string[] texts) => Add(name, DnsRecordType.Txt, [.. texts.Select(text => new TextRecord(name, TimeSpan.Zero, text))]);

    public FakeDns Tlsa(string name, params TlsaRecord[] records) => Add(name, DnsRecordType.Tlsa, [.. records]);

    /// <summary>The addresses stand elsewhere.</summary>
    public FakeDns Alias(string name, string target, bool isAliasSigned, bool isTargetSigned, string address)
    {
        _answers[(name, DnsRecordType.Cname)] = new DnsAnswer(DnsOutcome.Found, [new AliasRecord(name, TimeSpan.Zero, target)]) { CanonicalName = name, IsAuthenticated = isAliasSigned };
        _answers[(name, DnsRecordType.A)] = new DnsAnswer(DnsOutcome.Found, [new AddressRecord(target, TimeSpan.Zero, IPAddress.Parse(address))])
        {
            CanonicalName = target,
            IsAuthenticated = isAliasSigned && isTargetSigned,
        };
        _names[name] = true;
        return this;
    }

    public FakeDns Fail(string name, DnsRecordType type)
    {
        _names[name] = true;
        _answers[(name, type)] = new DnsAnswer(DnsOutcome.Failed, []) { CanonicalName = name };
        return this;
    }

    public FakeDns Exists(string name)
    {
        _names[name] = true;
        return this;
    }

    public void Remove(string name, DnsRecordType type) => _answers.TryRemove((name, type), out _);

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        Questions.Enqueue($"{name} {type}");
        return ValueTask.FromResult(_answers.TryGetValue((name, type), out var answer)
            ? answer
            : new DnsAnswer(_names.ContainsKey(name) ? DnsOutcome.NoData : DnsOutcome.NoSuchName, []) { CanonicalName = name, IsAuthenticated = IsSigned });
    }

    private FakeDns Add(string name, DnsRecordType type, IReadOnlyList<DnsRecord> records)
    {
        _names[name] = true;
        _answers[(name, type)] = new DnsAnswer(DnsOutcome.Found, records) { CanonicalName = name, IsAuthenticated = IsSigned };
        return this;
    }
}
