using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>
/// Compares passwords with their hashes, and remembers for a while which fitted which, so that a client that logs in once a minute
/// does not cost a key derivation each time. What is remembered is a keyed hash of both, under a key that never leaves the process;
/// a changed password has another hash, so nothing remembered fits it. Failures are not remembered. Thread-safe.
/// </summary>
public sealed class PasswordVerifier
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private readonly Lazy<string> _nobody;
    private readonly int _iterations;
    private readonly PasswordMemoryOptions _options;
    private readonly TimeProvider _time;
    private long _derived;
    private int _free = Math.Max(1, Environment.ProcessorCount - 1);

    // The entries of before the last time half the capacity was reached, and those since.
    private Dictionary<Entry, DateTimeOffset> _older = [];
    private Dictionary<Entry, DateTimeOffset> _newer = [];

    /// <summary>Compares; hashes with fewer than <paramref name="iterations"/> count as weaker than today's.</summary>
    public PasswordVerifier(int iterations = PasswordHash.Iterations, PasswordMemoryOptions? options = null, TimeProvider? time = null)
    {
        (_iterations, _options, _time) = (iterations, options ?? new PasswordMemoryOptions(), time ?? TimeProvider.System);
        _nobody = new Lazy<string>(() => PasswordHash.Create("nobody's password", iterations));
    }

    /// <summary>Key derivations so far; for tests and curiosity.</summary>
    public long Derivations => Interlocked.Read(ref _derived);

    /// <summary>
    /// Compares a password with the hash of a user, or, so that an unknown user takes as long, of nobody where it is null. No more
    /// comparisons run at once than leave a processor for other work.
    /// </summary>
    public async ValueTask<PasswordVerification> VerifyAsync(string password, string? hash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(password);
        var entry = hash is null ? default : EntryOf(password, hash);
        if (hash is not null && IsRemembered(entry))
        {
            return PasswordVerification.Success;
        }

        await EnterAsync().ConfigureAwait(false);
        PasswordVerification result;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Increment(ref _derived);
            result = PasswordHash.Verify(password, hash ?? _nobody.Value, _iterations);
        }
        finally
        {
            Leave();
        }

        if (hash is null)
        {
            return PasswordVerification.Failed;
        }

        if (result == PasswordVerification.Success)
        {
            Remember(entry);
        }

        return result;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _older.Clear();
            _newer.Clear();
        }
    }

    // First come, first served.
    private Task EnterAsync()
    {
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    private void Leave()
    {
        TaskCompletionSource? next;
        lock (_gate)
        {
            _free += _waiting.TryDequeue(out next) ? 0 : 1;
        }

        next?.SetResult();
    }

    private bool IsRemembered(Entry entry)
    {
        lock (_gate)
        {
            var isNewer = _newer.TryGetValue(entry, out var until);
            if (!isNewer && !_older.Remove(entry, out until))
            {
                return false;
            }

            if (until <= _time.GetUtcNow())
            {
                _newer.Remove(entry);
                return false;
            }

            if (!isNewer)
            {
                Add(entry, until);
            }

            return true;
        }
    }

    private void Remember(Entry entry)
    {
        if (_options.Capacity < 2)
        {
            return;
        }

        lock (_gate)
        {
            Add(entry, _time.GetUtcNow() + _options.Lifetime);
        }
    }

    private void Add(Entry entry, DateTimeOffset until)
    {
        if (_newer.Count >= _options.Capacity / 2)
        {
            (_older, _newer) = (_newer, []);
        }

        _newer[entry] = until;
    }

    private Entry EntryOf(string password, string hash)
    {
        var text = Encoding.UTF8.GetBytes($"{hash}\0{password}");
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, text, digest);
        CryptographicOperations.ZeroMemory(text);
        return new Entry(BinaryPrimitives.ReadUInt128LittleEndian(digest), BinaryPrimitives.ReadUInt128LittleEndian(digest[16..]));
    }

    private readonly record struct Entry(UInt128 First, UInt128 Second);
}

/// <summary>How much a <see cref="PasswordVerifier"/> remembers.</summary>
public sealed class PasswordMemoryOptions
{
    /// <summary>Entries at the most, of 40 octets each; 10,000 by default. Below 2 nothing is remembered.</summary>
    public int Capacity { get; set; } = 10_000;

    /// <summary>How long; 1 h by default.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);
}
