using System.Globalization;
using System.Text;
using MailCore.Dns;
using MailCore.Storage;

namespace MailCore.Relay.Security;

/// <summary>
/// The policies of domains: kept as long as they say, asked for again when their record changes, and every day. Where a new one can't be
/// had, the old one stays in force until its time is over (RFC 8461 5.1). One fetch for a domain at a time. Thread-safe.
/// </summary>
internal sealed class MtaStsCache(IDnsResolver dns, IServerState state, MtaStsFetcher fetcher, MtaStsOptions options, TimeProvider time)
{
    // By hash: domains that share one wait for each other, and the number is bounded.
    private readonly SemaphoreSlim[] _fetching = [.. Enumerable.Range(0, 64).Select(static _ => new SemaphoreSlim(1))];

    /// <summary>The policy in force, if any, and what was wrong with the newest.</summary>
    public ValueTask<MtaStsFetch> FindAsync(string domain, CancellationToken cancellationToken) => FindAsync(domain, onlyKept: false, cancellationToken);

    /// <summary>The same where one is kept, which is fetched anew when it is due; nothing is looked up otherwise.</summary>
    public ValueTask<MtaStsFetch> RefreshAsync(string domain, CancellationToken cancellationToken) => FindAsync(domain, onlyKept: true, cancellationToken);

    private async ValueTask<MtaStsFetch> FindAsync(string domain, bool onlyKept, CancellationToken cancellationToken)
    {
        var room = _fetching[(uint)StringComparer.OrdinalIgnoreCase.GetHashCode(domain) % (uint)_fetching.Length];
        await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await FindAloneAsync(domain.ToLowerInvariant(), onlyKept, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            room.Release();
        }
    }

    private async ValueTask<MtaStsFetch> FindAloneAsync(string domain, bool onlyKept, CancellationToken cancellationToken)
    {
        var kept = Kept.Read(await state.GetAsync(KeyOf(domain), cancellationToken).ConfigureAwait(false));
        if (kept is not null && kept.FetchedAt + kept.Policy.MaxAge <= time.GetUtcNow())
        {
            kept = null;
        }

        if (onlyKept && (kept is null || IsFresh(kept)))
        {
            return new MtaStsFetch(kept?.Policy, null);
        }

        var id = await FindIdAsync(domain, cancellationToken).ConfigureAwait(false);
        // RFC 8461 3.1: a record that is gone, or can't be looked up, takes no policy out of force.
        if (id is null || (kept is not null && kept.Id == id && IsFresh(kept)))
        {
            return new MtaStsFetch(kept?.Policy, null);
        }

        var failure = await state.GetAsync(FailureKeyOf(domain), cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            return new MtaStsFetch(kept?.Policy, Encoding.ASCII.GetString(failure));
        }

        var now = time.GetUtcNow();
        var fetched = await fetcher.FetchAsync(domain, cancellationToken).ConfigureAwait(false);
        if (fetched.Policy is not { } policy)
        {
            await state.SetAsync(FailureKeyOf(domain), Encoding.ASCII.GetBytes(fetched.Problem!), now + options.RetryInterval, cancellationToken).ConfigureAwait(false);
            return fetched with { Policy = kept?.Policy };
        }

        await state.SetAsync(KeyOf(domain), new Kept(id, now, policy).Write(), now + policy.MaxAge, cancellationToken).ConfigureAwait(false);
        return fetched;
    }

    // In time for a second attempt where a policy lives for less than two intervals.
    private bool IsFresh(Kept kept) =>
        time.GetUtcNow() - kept.FetchedAt < (kept.Policy.MaxAge / 2 < options.RefreshInterval ? kept.Policy.MaxAge / 2 : options.RefreshInterval);

    /// <summary>Null where there is not exactly one record (RFC 8461 3.1).</summary>
    private async ValueTask<string?> FindIdAsync(string domain, CancellationToken cancellationToken)
    {
        var answer = await dns.QueryAsync($"_mta-sts.{domain}", DnsRecordType.Txt, cancellationToken).ConfigureAwait(false);
        var records = answer.Records.OfType<TextRecord>().Where(static record => MtaStsPolicy.IsRecord(record.Text)).ToList();
        return records.Count == 1 && MtaStsPolicy.TryParseRecord(records[0].Text, out var id) ? id : null;
    }

    private static string KeyOf(string domain) => $"mta-sts:{domain}";

    private static string FailureKeyOf(string domain) => $"mta-sts-failure:{domain}";

    /// <summary>A policy as it is kept: a line with the id and the time, and the file.</summary>
    private sealed record Kept(string Id, DateTimeOffset FetchedAt, MtaStsPolicy Policy)
    {
        public byte[] Write() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Id} {FetchedAt.ToUnixTimeSeconds()}\n{Policy}"));

        public static Kept? Read(byte[]? octets)
        {
            var end = octets is null ? -1 : Array.IndexOf(octets, (byte)'\n');
            return end > 0 && Encoding.ASCII.GetString(octets!, 0, end).Split(' ') is [var id, var seconds]
                && long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var fetchedAt)
                && fetchedAt <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
                && MtaStsPolicy.TryParse(octets.AsSpan(end + 1), out var policy)
                ? new Kept(id, DateTimeOffset.FromUnixTimeSeconds(fetchedAt), policy)
                : null;
        }
    }
}
