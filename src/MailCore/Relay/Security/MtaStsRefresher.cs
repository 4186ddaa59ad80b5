using System.Text;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay.Security;

/// <summary>
/// Fetches policies anew before they expire, whether mail goes there or not (RFC 8461 10.2): who keeps a policy from being fetched
/// would otherwise only have to wait. For the <see cref="MaxDomains"/> domains that mail went to last; their list outlives the process. Thread-safe.
/// </summary>
internal sealed partial class MtaStsRefresher(MtaStsCache cache, IServerState state, TimeProvider time, ILogger<MtaStsRefresher> logger) : IAsyncDisposable
{
    public const int MaxDomains = 5_000;
    private const string Key = "mta-sts-domains";
    private const int AtOnce = 8;

    // Used by the generated log methods.
    private readonly ILogger _logger = logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _domains = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _failing = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private long _uses;
    private int _rounds;
    private bool _isChanged;

    /// <summary>How often it looks for policies that are due.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromHours(1);

    // The longest max_age: what nobody refreshed until then is gone anyway.
    private static TimeSpan ListTime => MtaStsPolicy.MaxMaxAge;

    /// <summary>How often it has read its list or looked through it, for tests.</summary>
    internal int Rounds => Volatile.Read(ref _rounds);

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _domains.Count;
            }
        }
    }

    /// <summary>Mail goes to the domain, which has a policy.</summary>
    public void Note(string domain)
    {
        lock (_lock)
        {
            _isChanged |= !_domains.ContainsKey(domain);
            _domains[domain] = ++_uses;
            if (_domains.Count > MaxDomains)
            {
                foreach (var oldest in _domains.OrderBy(static pair => pair.Value).Take(MaxDomains / 10).ToList())
                {
                    _domains.Remove(oldest.Key);
                }
            }
        }
    }

    public void Start() => _running = Task.Run(RunAsync);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            await TryAsync(ReadAsync).ConfigureAwait(false);
            Interlocked.Increment(ref _rounds);
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                await TryAsync(RefreshAsync).ConfigureAwait(false);
                await TryAsync(WriteAsync).ConfigureAwait(false);
                Interlocked.Increment(ref _rounds);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            await TryAsync(WriteAsync).ConfigureAwait(false);
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            await work(_stopping.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !_stopping.IsCancellationRequested)
        {
            Broke(error);
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        string[] domains;
        lock (_lock)
        {
            domains = [.. _domains.Keys];
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(domains, parallel, RefreshAsync).ConfigureAwait(false);
    }

    private async ValueTask RefreshAsync(string domain, CancellationToken cancellationToken)
    {
        var (policy, problem) = await cache.RefreshAsync(domain, cancellationToken).ConfigureAwait(false);
        bool isNews;
        lock (_lock)
        {
            if (policy is null)
            {
                _isChanged |= _domains.Remove(domain);
            }

            isNews = policy is not null && problem is not null && _failing.Add(domain);
            if (policy is null || problem is null)
            {
                _failing.Remove(domain);
            }
        }

        // RFC 8461 10.2: administrators are to hear of it, but for policies that ask for nothing.
        if (isNews && policy!.Mode != MtaStsMode.None)
        {
            NotRefreshed(domain, problem!);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (await state.GetAsync(Key, cancellationToken).ConfigureAwait(false) is not { } octets)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var domain in Encoding.UTF8.GetString(octets).Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(MaxDomains))
            {
                // Behind those that mail has gone to since the start.
                _domains.TryAdd(domain, 0);
            }
        }
    }

    // Also when it stops.
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        string[] domains;
        lock (_lock)
        {
            if (!_isChanged)
            {
                return;
            }

            (domains, _isChanged) = ([.. _domains.OrderByDescending(static pair => pair.Value).Select(static pair => pair.Key)], false);
        }

        await state.SetAsync(Key, Encoding.UTF8.GetBytes(string.Join('\n', domains)), time.GetUtcNow() + ListTime, CancellationToken.None).ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 4413, Level = LogLevel.Warning, Message = "The MTA-STS policy of {Domain} could not be fetched anew ({Problem}); the one at hand stays in force until its time is over")]
    private partial void NotRefreshed(string domain, string problem);

    [LoggerMessage(EventId = 4414, Level = LogLevel.Warning, Message = "MTA-STS policies could not be looked through; they are in an hour")]
    private partial void Broke(Exception exception);
}
