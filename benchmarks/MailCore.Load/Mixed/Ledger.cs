using System.Collections.Concurrent;
using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>
/// What was sent, what was answered, and what was found. A copy is a message at one of its recipients. One that was answered 250
/// (or OK) must be found: read and removed by a client that heard that it is removed, or there at the end. All members are thread-safe.
/// </summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<int, byte[]> _digests = new();
    private readonly ConcurrentDictionary<(int Number, string Owner), Copy> _copies = new();
    private readonly ConcurrentDictionary<(string Account, uint Uid), int> _duplicated = new();
    private readonly ConcurrentDictionary<(string Account, uint Uid), bool> _duplicatesFound = new();
    private readonly ConcurrentQueue<string> _damages = new();
    private int _lastNumber;
    private long _readings;

    public IEnumerable<Copy> Copies => _copies.Values;

    /// <summary>Messages read and compared by digest.</summary>
    public long Readings => Interlocked.Read(ref _readings);

    /// <summary>Messages copied by IMAP whose COPYUID was heard.</summary>
    public int Duplicated => _duplicated.Count;

    public Letter Write(string sender, string recipient, Random random)
    {
        var letter = Letter.Write(Interlocked.Increment(ref _lastNumber), sender, recipient, random);
        _digests[letter.Number] = letter.Digest;
        return letter;
    }

    /// <summary>Where a report about the message is looked for that its sender gets.</summary>
    public static string ReportTo(string account) => $"report to {account}";

    /// <param name="letter">The message.</param>
    /// <param name="owners">Its recipients here, or elsewhere.</param>
    /// <param name="fuse">One that is to blow between the last octet and the answer.</param>
    public Sending Send(Letter letter, IEnumerable<string> owners, Fuse? fuse) => new([.. owners.Select(owner => Find(letter.Number, owner))], fuse);

    public Moving Move(string owner, IEnumerable<int> numbers) => new([.. numbers.Select(number => Find(number, owner))]);

    /// <summary>Compares a message with what was sent. Null where it is none of the load's, or damaged; both are written down.</summary>
    public Copy? Read(ReadOnlySpan<byte> message, string owner, string place)
    {
        Interlocked.Increment(ref _readings);
        if (Letter.Read(message) is not { } found || !_digests.TryGetValue(found.Number, out var digest))
        {
            _damages.Enqueue($"{place}: a message that nobody sent");
            return null;
        }

        if (found.Digest is { } read && !read.AsSpan().SequenceEqual(digest))
        {
            _damages.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{place}: message {found.Number} for {owner} is damaged"));
            return null;
        }

        if (_copies.TryGetValue((found.Number, found.Digest is null ? ReportTo(owner) : owner), out var copy))
        {
            return copy;
        }

        _damages.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{place}: message {found.Number} was not for {owner}"));
        return null;
    }

    /// <summary>IMAP said that it copied the message to this UID.</summary>
    public void NoteDuplicate(string account, uint uid, int number) => _duplicated[(account, uid)] = number;

    /// <summary>It was found there, or may have been removed.</summary>
    public void NoteDuplicateFound(string account, uint uid) => _duplicatesFound[(account, uid)] = true;

    public Judgement Judge()
    {
        var copies = _copies.Values.ToArray();
        return new Judgement
        {
            Accepted = copies.Count(copy => copy.Accepted > 0),
            UnknownOnly = copies.Count(copy => copy.Accepted == 0 && copy.Unknown > 0),
            Incomplete = copies.Count(copy => copy.Accepted + copy.Unknown == 0 && copy.Incomplete > 0),
            Removed = copies.Sum(copy => copy.Removed),
            MaybeRemoved = copies.Count(copy => copy.Removed + copy.Present == 0 && copy.MaybeRemoved > 0),
            Present = copies.Sum(copy => copy.Present),
            Duplicates = copies.Sum(copy => Math.Max(0, copy.Removed + copy.Present - 1)),
            Lost = [.. copies.Where(copy => copy.IsLost).Select(copy => copy.ToString()), .. _duplicated.Where(pair => !_duplicatesFound.ContainsKey(pair.Key))
                .Select(pair => string.Create(CultureInfo.InvariantCulture, $"message {pair.Value}, copied by {pair.Key.Account} to UID {pair.Key.Uid}"))],
            TooMany = [.. copies.Where(copy => copy.IsTooMany).Select(copy => copy.ToString())],
            Damaged = [.. _damages],
        };
    }

    private Copy Find(int number, string owner) => _copies.GetOrAdd((number, owner), static key => new Copy(key.Number, key.Owner));
}

/// <summary>A message at one of its recipients.</summary>
internal sealed class Copy(int number, string owner)
{
    private int _accepted;
    private int _unknown;
    private int _incomplete;
    private int _removed;
    private int _maybeRemoved;
    private int _present;

    public int Number => number;

    public string Owner => owner;

    /// <summary>How often it was answered 250.</summary>
    public int Accepted => _accepted;

    /// <summary>How often the connection was cut between its last octet and the answer.</summary>
    public int Unknown => _unknown;

    /// <summary>How often the connection was cut before its last octet.</summary>
    public int Incomplete => _incomplete;

    public int Removed => _removed;

    /// <summary>How often the connection was cut between its removal and the answer.</summary>
    public int MaybeRemoved => _maybeRemoved;

    /// <summary>How many are there at the end.</summary>
    public int Present => _present;

    /// <summary>Whether it has come anywhere so far.</summary>
    public bool IsFound => _removed + _present + _maybeRemoved > 0;

    public bool IsLost => _accepted > 0 && !IsFound;

    /// <summary>More than can be explained by repeating what may have been taken; an incomplete one that is there at all is too many.</summary>
    public bool IsTooMany => _removed + _present > _accepted + _unknown;

    public void NoteAccepted() => Interlocked.Increment(ref _accepted);

    public void NoteUnknown() => Interlocked.Increment(ref _unknown);

    public void NoteIncomplete() => Interlocked.Increment(ref _incomplete);

    public void NoteRemoved() => Interlocked.Increment(ref _removed);

    public void NoteMaybeRemoved() => Interlocked.Increment(ref _maybeRemoved);

    public void NotePresent() => Interlocked.Increment(ref _present);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"message {number} for {owner}: accepted {_accepted}, unknown {_unknown}, removed {_removed}, perhaps removed {_maybeRemoved}, there {_present}");
}

/// <summary>One attempt to give a message away. What is known of it when it is disposed goes into the ledger.</summary>
internal sealed class Sending(IReadOnlyList<Copy> copies, Fuse? fuse) : IDisposable
{
    private bool _isComplete;
    private bool _isOver;

    /// <summary>The last octet goes now: from here on the server may have all of it.</summary>
    public void Complete()
    {
        _isComplete = true;
        fuse?.LightByWrite();
    }

    public void Accept()
    {
        _isOver = true;
        foreach (var copy in copies)
        {
            copy.NoteAccepted();
        }
    }

    /// <summary>The server refused it, which is no loss.</summary>
    public void Refuse() => _isOver = true;

    public void Dispose()
    {
        foreach (var copy in _isOver ? [] : copies)
        {
            if (_isComplete)
            {
                copy.NoteUnknown();
            }
            else
            {
                copy.NoteIncomplete();
            }
        }

        _isOver = true;
    }
}

/// <summary>The removal of messages that were read. Begun and not confirmed it counts as perhaps.</summary>
/// <param name="fuse">One that is to blow between the command and the answer.</param>
internal sealed class Removal(Fuse? fuse) : IDisposable
{
    private readonly List<Copy> _copies = [];
    private bool _hasBegun;

    public void Add(Copy copy) => _copies.Add(copy);

    /// <summary>The command goes now.</summary>
    public void Begin()
    {
        _hasBegun = true;
        fuse?.LightByWrite();
    }

    public void Confirm()
    {
        foreach (var copy in _copies)
        {
            copy.NoteRemoved();
        }

        _copies.Clear();
    }

    public void Dispose()
    {
        foreach (var copy in _hasBegun ? _copies : [])
        {
            copy.NoteMaybeRemoved();
        }

        _copies.Clear();
    }
}

/// <summary>
/// Messages being moved. When that is cut off the server may still be at it while the next client reads and removes them, and both are
/// told that they did it.
/// </summary>
internal sealed class Moving(IReadOnlyList<Copy> copies) : IDisposable
{
    private bool _isConfirmed;

    public void Confirm() => _isConfirmed = true;

    public void Dispose()
    {
        foreach (var copy in _isConfirmed ? [] : copies)
        {
            copy.NoteUnknown();
        }

        _isConfirmed = true;
    }
}

/// <summary>The ledger's last word.</summary>
internal sealed record Judgement
{
    public required int Accepted { get; init; }

    public required int UnknownOnly { get; init; }

    public required int Incomplete { get; init; }

    public required int Removed { get; init; }

    public required int MaybeRemoved { get; init; }

    public required int Present { get; init; }

    public required int Duplicates { get; init; }

    public required IReadOnlyList<string> Lost { get; init; }

    public required IReadOnlyList<string> TooMany { get; init; }

    public required IReadOnlyList<string> Damaged { get; init; }

    public bool IsGood => Lost.Count + TooMany.Count + Damaged.Count == 0;
}
