using System.Net;

namespace MailCore.Authentication;

/// <summary>
/// The clients and users that may not log in for a while. Filled by failed logins and by the host; a host can read it and lift bans.
/// A banned client's connection to an endpoint for logins is closed, a login is answered with "try later" and checks nothing.
/// Thread-safe.
/// </summary>
public sealed class LoginBans
{
    private const int MaxBans = 10_000;

    private readonly Dictionary<BanKey, LoginBan> _bans = [];
    private readonly Lock _gate = new();
    private readonly LoginOptions _options;
    private readonly TimeProvider _time;
    private volatile int _count;

    internal LoginBans(LoginOptions options, TimeProvider time) => (_options, _time) = (options, time);

    /// <summary>After every change, outside of any lock.</summary>
    internal event Action? Changed;

    /// <summary>Those that hold now, the latest first.</summary>
    public IReadOnlyList<LoginBan> List()
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            return [.. _bans.Values.Where(ban => ban.Until > now).OrderByDescending(static ban => ban.Since)];
        }
    }

    /// <summary>Bans a client's network (its IPv4 address, or the /56 of its IPv6 address) from now on; a ban that lasts longer stays.</summary>
    public LoginBan Ban(IPAddress client, TimeSpan duration, string reason)
    {
        ArgumentNullException.ThrowIfNull(client);
        return Add(new BanKey(ClientNetwork.Of(client), null), duration, reason);
    }

    /// <summary>Bans a user name, whether there is such a user or not, for clients that are not on the allow-list.</summary>
    public LoginBan Ban(string user, TimeSpan duration, string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        return Add(new BanKey(null, Key(user)), duration, reason);
    }

    /// <summary>Ends the ban of a client's network; false when there was none.</summary>
    public bool Lift(IPAddress client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return Remove(new BanKey(ClientNetwork.Of(client), null));
    }

    /// <summary>Ends the ban of a user; false when there was none.</summary>
    public bool Lift(string user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return Remove(new BanKey(null, Key(user)));
    }

    /// <summary>Ends all bans.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _bans.Clear();
            _count = 0;
        }

        Changed?.Invoke();
    }

    /// <summary>The ban that a client falls under, or that a user who logs in from there does; null when neither is banned.</summary>
    public LoginBan? Find(EndPoint? remote, string? user = null)
    {
        // Nearly always.
        if (_count == 0 || ClientNetwork.IsIn(_options.AllowList, remote))
        {
            return null;
        }

        var now = _time.GetUtcNow();
        lock (_gate)
        {
            return Holds(new BanKey(ClientNetwork.Of(remote), null), now) ?? (user is null ? null : Holds(new BanKey(null, Key(user)), now));
        }
    }

    internal int Count => _count;

    /// <summary>Takes over what <see cref="List"/> gave in an earlier life.</summary>
    internal void Restore(IEnumerable<LoginBan> bans)
    {
        lock (_gate)
        {
            foreach (var ban in bans.Take(MaxBans))
            {
                _bans[new BanKey(ban.Network, ban.User)] = ban;
            }

            _count = _bans.Count;
        }
    }

    private LoginBan? Holds(BanKey key, DateTimeOffset now)
    {
        if (!_bans.TryGetValue(key, out var ban))
        {
            return null;
        }

        if (ban.Until > now)
        {
            return ban;
        }

        _bans.Remove(key);
        _count = _bans.Count;
        return null;
    }

    private LoginBan Add(BanKey key, TimeSpan duration, string reason)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(reason);
        var now = _time.GetUtcNow();
        var ban = new LoginBan { Network = key.Network, User = key.User, Since = now, Until = now + duration, Reason = reason };
        lock (_gate)
        {
            if (_bans.TryGetValue(key, out var known) && known.Until > ban.Until)
            {
                return known;
            }

            MakeRoom(now);
            _bans[key] = ban;
            _count = _bans.Count;
        }

        Changed?.Invoke();
        return ban;
    }

    private bool Remove(BanKey key)
    {
        bool removed;
        lock (_gate)
        {
            removed = _bans.Remove(key);
            _count = _bans.Count;
        }

        if (removed)
        {
            Changed?.Invoke();
        }

        return removed;
    }

    private void MakeRoom(DateTimeOffset now)
    {
        if (_bans.Count < MaxBans)
        {
            return;
        }

        foreach (var (key, ban) in _bans)
        {
            if (ban.Until <= now)
            {
                _bans.Remove(key);
            }
        }

        if (_bans.Count >= MaxBans)
        {
            _bans.Remove(_bans.MinBy(static pair => pair.Value.Until).Key);
        }
    }

    private static string Key(string user) => user.ToLowerInvariant();

    private readonly record struct BanKey(IPNetwork? Network, string? User);
}

/// <summary>A network or a user that may not log in until a certain time.</summary>
public sealed record LoginBan
{
    /// <summary>An IPv4 /32 or an IPv6 /56; null for a user's ban.</summary>
    public IPNetwork? Network { get; init; }

    /// <summary>In lower case; null for a network's ban.</summary>
    public string? User { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>For people.</summary>
    public required string Reason { get; init; }
}
