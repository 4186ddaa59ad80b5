using System.Buffers;
using System.Buffers.Text;
using System.Collections;
using MailCore.Storage;

namespace MailCore.Pop3;

/// <summary>
/// A mailbox as it was at the login: messages are numbered from 1 in UID order and stay so, whatever IMAP, delivery or another
/// session do meanwhile. Belongs to one session.
/// </summary>
internal sealed class Pop3MailDrop : IDisposable
{
    private readonly Mailbox _mailbox;
    private readonly MailboxViewState _rows;
    private readonly Pop3Options _options;
    private readonly IDisposable? _lock;
    private readonly long _octets;
    private BitArray? _marked;
    private BitArray? _retrieved;
    private int _markedCount;
    private long _markedOctets;

    /// <summary>Takes a snapshot; owns the lock.</summary>
    public Pop3MailDrop(MailboxView view, Pop3Options options, IDisposable? @lock)
    {
        (_mailbox, _rows, _options, _lock) = (view.Mailbox, view.State, options, @lock);
        foreach (var segment in _rows.Segments)
        {
            foreach (var size in segment.Sizes)
            {
                _octets += size;
            }
        }
    }

    public AccountId Account => _mailbox.Account.Id;

    /// <summary>The highest message number; deleted messages keep theirs.</summary>
    public int Highest => _rows.Count;

    /// <summary>Messages not marked as deleted.</summary>
    public int Count => _rows.Count - _markedCount;

    /// <summary>Octets of the messages not marked as deleted, as they are stored.</summary>
    public long Octets => _octets - _markedOctets;

    /// <summary>Whether any message is marked as deleted.</summary>
    public bool HasMarks => _markedCount > 0;

    /// <summary>The mailbox as it is now; null when it is gone.</summary>
    public ValueTask<MailboxInfo?> GetInfoAsync(CancellationToken cancellationToken) => _mailbox.GetInfoAsync(cancellationToken);

    /// <summary>The message of a number; false when there is none or it is marked as deleted.</summary>
    public bool TryGet(long number, out MailboxRow row)
    {
        row = default;
        if (number < 1 || number > _rows.Count || IsMarked((int)number))
        {
            return false;
        }

        row = _rows[(int)number - 1];
        return true;
    }

    /// <summary>Marks a message that <see cref="TryGet"/> finds as deleted.</summary>
    public void Mark(long number)
    {
        var row = _rows[(int)number - 1];
        (_marked ??= new BitArray(_rows.Count))[(int)number - 1] = true;
        _markedCount++;
        _markedOctets += row.Size;
    }

    /// <summary>Notes that a message has been sent whole, for the sake of <see cref="Pop3Options.ExpireDays"/>.</summary>
    public void NoteRetrieved(long number)
    {
        if (_options.ExpireDays is not null)
        {
            (_retrieved ??= new BitArray(_rows.Count))[(int)number - 1] = true;
        }
    }

    public void Unmark()
    {
        _marked = null;
        (_markedCount, _markedOctets) = (0, 0);
    }

    /// <summary>Opens a message; null when it has been expunged meanwhile, though the store still has it.</summary>
    public async ValueTask<MessageContent?> OpenAsync(Uid uid, CancellationToken cancellationToken)
    {
        var rows = await _mailbox.ReadBatchAsync(new[] { uid }, MessageFields.Content, cancellationToken).ConfigureAwait(false);
        return rows is [{ Expunged: false } row] ? await _mailbox.OpenContentAsync(row, cancellationToken).ConfigureAwait(false) : null;
    }

    /// <summary>
    /// Removes what is marked or has expired, all of it or nothing. What somebody else has expunged before is no failure, nor is a mailbox that is
    /// gone. How many were removed, or null when the store refused.
    /// </summary>
    public async ValueTask<int?> UpdateAsync(DateTimeOffset now)
    {
        var uids = new List<Uid>(_markedCount);
        var retrieved = new List<Uid>();
        for (var rank = 0; rank < _rows.Count; rank++)
        {
            if (IsMarked(rank + 1))
            {
                uids.Add(_rows.UidAt(rank));
            }
            else if (_retrieved is not null && _retrieved[rank])
            {
                retrieved.Add(_rows.UidAt(rank));
            }
        }

        if (retrieved.Count > 0)
        {
            uids.AddRange(await ExpiredAsync(retrieved, now).ConfigureAwait(false));
        }

        if (uids.Count == 0)
        {
            return 0;
        }

        var result = await _mailbox.RemoveAsync(uids).ConfigureAwait(false);
        return result.Error is CommitError.None or CommitError.NoMailbox ? result.Expunged.Count : null;
    }

    /// <summary>Writes a message's unique id (RFC 1939 7): printable, at most 21 octets.</summary>
    public int WriteUniqueId(Uid uid, Span<byte> into)
    {
        var validity = _rows.Info.UidValidity;
        if (_options.UniqueIds == Pop3UniqueIdFormat.Dovecot)
        {
            var eightDigits = new StandardFormat('x', 8);
            Utf8Formatter.TryFormat(uid.Value, into, out var half, eightDigits);
            Utf8Formatter.TryFormat(validity, into[half..], out var rest, eightDigits);
            return half + rest;
        }

        Utf8Formatter.TryFormat(validity, into, out var written);
        into[written++] = (byte)'.';
        Utf8Formatter.TryFormat(uid.Value, into[written..], out var last);
        return written + last;
    }

    public void Dispose() => _lock?.Dispose();

    private async ValueTask<IEnumerable<Uid>> ExpiredAsync(List<Uid> retrieved, DateTimeOffset now)
    {
        if (_options.ExpireDays is 0)
        {
            return retrieved;
        }

        var expired = new List<Uid>();
        await foreach (var row in _mailbox.ReadAsync(retrieved.ToArray(), MessageFields.Dates).ConfigureAwait(false))
        {
            if (now - row.InternalDate >= TimeSpan.FromDays(_options.ExpireDays!.Value))
            {
                expired.Add(row.Uid);
            }
        }

        return expired;
    }

    private bool IsMarked(int number) => _marked is { } marked && marked[number - 1];
}
