using System.Globalization;

namespace MailCore.Relay.Security;

/// <summary>
/// Counts how TLS went with the servers of each domain, by day of UTC, for reports (RFC 8460). In memory: a restart begins anew. Sessions
/// with hosts that a route names are not counted, since no domain's policy led there. Thread-safe.
/// </summary>
public sealed class TlsReportCollector
{
    private const string NoPolicy = "no-policy-found";

    // What an entry takes besides its text, about.
    private const int Overhead = 200;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<DateOnly, Day> _days = [];
    private readonly TlsReportOptions _options;
    private readonly TimeProvider _time;
    private long _dropped;

    internal TlsReportCollector(TlsReportOptions options, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.OrganizationName);
        ArgumentException.ThrowIfNullOrEmpty(options.ContactInfo);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeptDays, 1);
        (_options, _time) = (options, time);
    }

    /// <summary>Sessions, or their details, that there was no room to tell apart.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>One report for each domain that mail went to on the day, by name; none for a day that is not kept.</summary>
    public IReadOnlyList<TlsReport> Reports(DateOnly day)
    {
        lock (_lock)
        {
            return _days.TryGetValue(day, out var found)
                ? [.. found.Policies.GroupBy(static one => one.Key.Domain, StringComparer.Ordinal).OrderBy(static one => one.Key, StringComparer.Ordinal).Select(one => Report(day, one))]
                : [];
        }
    }

    /// <summary>A session with a server of the domain, or one that did not come about because of its policies.</summary>
    internal void Add(string domain, HopHost host, TlsSessionResult session)
    {
        domain = domain.ToLowerInvariant();
        lock (_lock)
        {
            var day = Today();
            if (host.Policies.Count == 0 && session.IsKnown)
            {
                // Nobody said what the certificate must be.
                Add(day, new Key(domain, NoPolicy, "", ""), new Failure(session.IsSecured ? null : session.Problem, host.Name, session.From?.ToString(), session.To?.ToString()));
            }

            // Without a session only what is wrong with the policies themselves is known.
            foreach (var policy in host.Policies.Where(policy => session.IsKnown || policy.Problem is not null))
            {
                Add(
                    day,
                    new Key(domain, policy.Type, string.Join('\n', policy.Lines), string.Join('\n', policy.MxHosts)),
                    new Failure(policy.Problem ?? session.Problem, host.Name, session.From?.ToString(), session.To?.ToString()));
            }
        }
    }

    private void Add(Day day, Key key, Failure failure)
    {
        if (!day.Policies.TryGetValue(key, out var counts))
        {
            if (!TryTake(day, key.Domain.Length + key.Lines.Length + key.MxHosts.Length))
            {
                return;
            }

            day.Policies.Add(key, counts = new Counts());
        }

        if (failure.ResultType is null)
        {
            counts.Successes++;
            return;
        }

        counts.Failures++;
        if (counts.Details.TryGetValue(failure, out var sessions) || TryTake(day, failure.Host.Length))
        {
            counts.Details[failure] = sessions + 1;
        }
    }

    private bool TryTake(Day day, int characters)
    {
        if (_days.Values.Sum(static one => one.Characters) + Overhead + characters > _options.MaxCharacters)
        {
            Interlocked.Increment(ref _dropped);
            return false;
        }

        day.Characters += Overhead + characters;
        return true;
    }

    private Day Today()
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        while (_days.Count > 0 && _days.First().Key.AddDays(_options.KeptDays) <= today)
        {
            _days.Remove(_days.First().Key);
        }

        if (!_days.TryGetValue(today, out var day))
        {
            _days.Add(today, day = new Day());
        }

        return day;
    }

    private TlsReport Report(DateOnly day, IGrouping<string, KeyValuePair<Key, Counts>> policies)
    {
        var start = day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        return new TlsReport
        {
            Domain = policies.Key,
            OrganizationName = _options.OrganizationName,
            ContactInfo = _options.ContactInfo,
            Period = new TlsReportPeriod(start, start.AddDays(1).AddSeconds(-1)),
            ReportId = string.Create(CultureInfo.InvariantCulture, $"{day:yyyy-MM-dd}_{policies.Key}"),
            Policies = [.. policies.Select(static one => Policy(one.Key, one.Value))],
        };
    }

    private static TlsReportPolicy Policy(Key key, Counts counts) => new(
        new TlsReportPolicyText(key.Type, Split(key.Lines), key.Domain, Split(key.MxHosts)),
        new TlsReportSummary(counts.Successes, counts.Failures))
    {
        Failures = counts.Details.Count == 0 ? null
            : [.. counts.Details.Select(static one => new TlsReportFailure(one.Key.ResultType!, one.Key.From, one.Key.Host, one.Key.To, one.Value))],
    };

    private static string[]? Split(string text) => text.Length == 0 ? null : text.Split('\n');

    private sealed class Day
    {
        public Dictionary<Key, Counts> Policies { get; } = [];

        public long Characters { get; set; }
    }

    private sealed class Counts
    {
        public long Successes { get; set; }

        public long Failures { get; set; }

        public Dictionary<Failure, long> Details { get; } = [];
    }

    private readonly record struct Key(string Domain, string Type, string Lines, string MxHosts);

    private readonly record struct Failure(string? ResultType, string Host, string? From, string? To);
}
