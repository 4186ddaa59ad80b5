using Microsoft.AspNetCore.Identity;

namespace MailCore.AspNetCore.Identity;

/// <summary>
/// Locks names out that nobody has, by the rules that users are locked out by: otherwise "try later" would tell which names there are.
/// Remembers 10,000 to 20,000 names. Thread-safe.
/// </summary>
internal sealed class UnknownNames(TimeProvider time)
{
    private const int Generation = 10_000;

    private readonly Lock _lock = new();
    private Dictionary<string, State> _older = [];
    private Dictionary<string, State> _newer = [];

    public bool IsLockedOut(string name)
    {
        lock (_lock)
        {
            return (_newer.TryGetValue(name, out var state) || _older.TryGetValue(name, out state)) && state.Until > time.GetUtcNow();
        }
    }

    public void Fail(string name, LockoutOptions rules)
    {
        lock (_lock)
        {
            var failures = (_newer.TryGetValue(name, out var state) || _older.TryGetValue(name, out state) ? state.Failures : 0) + 1;
            if (_newer.Count >= Generation)
            {
                (_older, _newer) = (_newer, []);
            }

            _newer[name] = failures >= rules.MaxFailedAccessAttempts ? new State(0, time.GetUtcNow() + rules.DefaultLockoutTimeSpan) : new State(failures, default);
        }
    }

    private readonly record struct State(int Failures, DateTimeOffset Until);
}
