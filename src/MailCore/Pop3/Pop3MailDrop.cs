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
    private readonly Pop3UniqueIdFormat _uniqueIds;
    private readonly IDisposable? _lock;
    private readonly long _octets;
    private BitArray? _marked;
    private int _markedCount;
    private long _markedOctets;

    /// <summary>Takes a snapshot; owns the lock.</summary>
    public Pop3MailDrop(MailboxView view, Pop3UniqueIdFormat uniqueIds, IDisposable? @lock)
    {
        (_mailbox, _rows, _uniqueIds, _lock) = (view.Mailbox, view.State, uniqueIds, @lock);
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
    /// Removes what is marked, all of it or nothing. What somebody else has expunged before is no failure, nor is a mailbox that is
    /// gone. How many were removed, or null when the store refused.
    /// </summary>
    public async ValueTask<int?> UpdateAsync()
    {
        if (_markedCount == 0)
        {
            return 0;
        }

        var uids = new List<Uid>(_markedCount);
        for (var rank = 0; rank < _rows.Count; rank++)
        {
            if (_marked![rank])
            {
                uids.Add(_rows.UidAt(rank));
            }
        }

        var result = await _mailbox.RemoveAsync(uids).ConfigureAwait(false);
        return result.Error is CommitError.None or CommitError.NoMailbox ? result.Expunged.Count : null;
    }

    /// <summary>Writes a message's unique id (RFC 1939 7): printable, at most 21 octets.</summary>
    public int WriteUniqueId(Uid uid, Span<byte> into)
    {
        var validity = _rows.Info.UidValidity;
        if (_uniqueIds == Pop3UniqueIdFormat.Dovecot)
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

    private bool IsMarked(int number) => _marked is { } marked && marked[number - 1];
}
