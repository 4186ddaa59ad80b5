using System.Collections.Concurrent;
using System.Net;
using MailCore.Dns.Wire;

namespace MailCore.Dns;

/// <summary>
/// Asks recursive servers, by UDP and where needed by TCP, and keeps their answers as long as these say. A question that is already
/// on the wire is not asked twice. Thread-safe.
/// </summary>
public sealed class StubResolver : IDnsResolver, IDisposable
{
    private const int MaxAliases = 8;

    // What anybody's zone may take of the cache.
    private const int MaxCachedOctets = 4 * 1024;

    private readonly StubResolverOptions _options;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<IPEndPoint> _servers;
    private readonly DnsCache _cache;
    private readonly SemaphoreSlim _room;
    private readonly ConcurrentDictionary<DnsKey, Lazy<Task<DnsAnswer>>> _asking = new();
    private int _preferred;

    /// <summary>Reads the machine's servers where the options name none.</summary>
    public StubResolver(StubResolverOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new StubResolverOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.Timeout.Ticks, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Rounds, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxCached, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.MaxConcurrent, 1, nameof(options));
        _time = time ?? TimeProvider.System;
        _servers = _options.Servers.Count > 0 ? [.. _options.Servers] : SystemServers.Find();
        _cache = new DnsCache(_options.MaxCached, _time);
        _room = new SemaphoreSlim(_options.MaxConcurrent);
    }

    internal int Cached => _cache.Count;

    /// <inheritdoc/>
    public ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        cancellationToken.ThrowIfCancellationRequested();
        // A name beyond ASCII in another spelling is not found in the cache, only asked again.
        var key = new DnsKey(name.Length > 1 ? name.TrimEnd('.').ToLowerInvariant() : name, type);
        return _cache.Find(key) is { } known ? ValueTask.FromResult(known) : new ValueTask<DnsAnswer>(JoinAsync(key, cancellationToken));
    }

    /// <summary>Nothing can be asked any more.</summary>
    public void Dispose() => _room.Dispose();

    private async Task<DnsAnswer> JoinAsync(DnsKey key, CancellationToken cancellationToken)
    {
        // Not cancelled with its first asker: others may have joined.
        var asking = _asking.GetOrAdd(key, static (key, self) => new Lazy<Task<DnsAnswer>>(() => self.LookUpAsync(key)), this);
        return await asking.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<DnsAnswer> LookUpAsync(DnsKey key)
    {
        await Task.Yield();
        try
        {
            var answer = await FollowAsync(key).ConfigureAwait(false);
            _cache.Add(key, answer);
            return answer;
        }
        finally
        {
            _asking.TryRemove(key, out _);
        }
    }

    /// <summary>Asks until no alias leads on. Servers mostly give the whole chain at once.</summary>
    private async ValueTask<DnsAnswer> FollowAsync(DnsKey key)
    {
        var (name, isAuthentic, life) = (key.Name, true, _options.MaxTimeToLive);
        for (var aliases = 0; aliases <= MaxAliases;)
        {
            if (DnsQuery.Create(name, key.Type) is not { } query)
            {
                return Answer(DnsOutcome.NoSuchName, [], name, TimeSpan.Zero, isAuthentic: false);
            }

            name = query.Name;
            if (await AskAsync(query).ConfigureAwait(false) is not { } response)
            {
                return Answer(DnsOutcome.Failed, [], name, _options.FailureTimeToLive, isAuthentic: false);
            }

            isAuthentic &= response.IsAuthentic;
            life = response.Length > MaxCachedOctets ? TimeSpan.Zero : life;
            var before = aliases;
            while (key.Type != DnsRecordType.Cname && aliases <= MaxAliases && Alias(response, name) is { } alias)
            {
                (name, life) = (alias.Target, Least(life, alias.TimeToLive));
                aliases++;
            }

            var records = response.Answers.Where(record => TypeOf(record) == key.Type && IsSameName(record.Name, name)).ToList();
            if (records.Count > 0)
            {
                return Answer(DnsOutcome.Found, records, name, records.Aggregate(life, static (least, record) => Least(least, record.TimeToLive)), isAuthentic);
            }

            if (aliases == before || response.Code == DnsResponse.NoSuchName || response.NegativeTimeToLive is not null)
            {
                var negative = Least(Least(life, response.NegativeTimeToLive ?? TimeSpan.Zero), _options.MaxNegativeTimeToLive);
                return Answer(response.Code == DnsResponse.NoSuchName ? DnsOutcome.NoSuchName : DnsOutcome.NoData, [], name, negative, isAuthentic);
            }
        }

        // A loop, or as good as one.
        return Answer(DnsOutcome.Failed, [], name, _options.FailureTimeToLive, isAuthentic: false);
    }

    /// <summary>The first usable response, or null. A server that answered is asked first the next time.</summary>
    private async ValueTask<DnsResponse?> AskAsync(DnsQuery query)
    {
        await _room.WaitAsync().ConfigureAwait(false);
        try
        {
            var first = Volatile.Read(ref _preferred);
            for (var attempt = 0; attempt < _options.Rounds * _servers.Count; attempt++)
            {
                var place = (first + attempt) % _servers.Count;
                if (await AskAsync(query, _servers[place]).ConfigureAwait(false) is { } response && IsUsable(response))
                {
                    Volatile.Write(ref _preferred, place);
                    return response;
                }
            }

            return null;
        }
        finally
        {
            _room.Release();
        }
    }

    private async ValueTask<DnsResponse?> AskAsync(DnsQuery query, IPEndPoint server)
    {
        using var timeout = new CancellationTokenSource(_options.Timeout, _time);
        var response = await DnsExchange.AskAsync(query, server, withEdns: true, timeout.Token).ConfigureAwait(false);
        // RFC 6891 7: a server that does not know EDNS.
        return response?.Code is DnsResponse.FormatError or DnsResponse.NotImplemented
            ? await DnsExchange.AskAsync(query, server, withEdns: false, timeout.Token).ConfigureAwait(false)
            : response;
    }

    /// <summary>Not an error, and not a server that only points to others.</summary>
    private static bool IsUsable(DnsResponse response) =>
        response.Code is DnsResponse.NoError or DnsResponse.NoSuchName
        && (response.Answers.Count > 0 || response.IsAuthoritative || response.IsRecursive || response.NegativeTimeToLive is not null);

    private static AliasRecord? Alias(DnsResponse response, string name) =>
        response.Answers.OfType<AliasRecord>().FirstOrDefault(alias => IsSameName(alias.Name, name));

    private static bool IsSameName(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static DnsRecordType TypeOf(DnsRecord record) => record switch
    {
        AddressRecord { Address.AddressFamily: System.Net.Sockets.AddressFamily.InterNetwork } => DnsRecordType.A,
        AddressRecord => DnsRecordType.Aaaa,
        AliasRecord => DnsRecordType.Cname,
        PointerRecord => DnsRecordType.Ptr,
        MailExchangeRecord => DnsRecordType.Mx,
        TextRecord => DnsRecordType.Txt,
        _ => DnsRecordType.Tlsa,
    };

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private DnsAnswer Answer(DnsOutcome outcome, IReadOnlyList<DnsRecord> records, string name, TimeSpan life, bool isAuthentic) => new(outcome, records)
    {
        CanonicalName = name,
        IsAuthenticated = isAuthentic && _options.TrustAuthenticatedData,
        Expires = _time.GetUtcNow() + life,
    };
}
