using System.Buffers.Binary;
using MailCore.Imap.View;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>
/// The messages that a search found, in the order of their numbers, with their keys. While it runs, keys are made of those that have
/// none; then each has its place.
/// </summary>
/// <param name="keys">What is known of the mailbox; what is found out is added.</param>
/// <param name="kinds">The keys wanted.</param>
/// <param name="expected">Messages in the mailbox.</param>
internal sealed class KeyedMessages(MailboxKeys keys, KeyKind[] kinds, int expected) : IDisposable
{
    // Messages whose keys are held before they are added to those of the mailbox.
    private const int HeldRows = 4096;

    private readonly KeyRows.View[] _known = Array.ConvertAll(kinds, keys.Rows);
    private readonly KeyRows[] _found = Array.ConvertAll(kinds, static _ => new KeyRows());
    private readonly int[] _asked = new int[kinds.Length];
    private readonly int[] _looked = new int[kinds.Length];
    private readonly RentedList<int> _sequences = new();
    private readonly RentedList<uint> _uids = new();
    private readonly RentedList<uint> _sizes = new();
    private readonly RentedList<int>[] _rows = Array.ConvertAll(kinds, static _ => new RentedList<int>());
    private readonly int _sent = Array.IndexOf(kinds, KeyKind.Sent);
    private int _held;

    public int Count => _sequences.Count;

    /// <summary>What must be known of a message that has no keys yet.</summary>
    public MessageFields Fields { get; private set; } = kinds.Aggregate(MessageFields.None, static (fields, kind) => fields | KeyKinds.FieldsOf(kind));

    /// <summary>Whether sizes are wanted, too.</summary>
    public bool WithSizes { get; init; }

    /// <summary>Called at the end.</summary>
    public Action? OnDispose { get; init; }

    /// <summary>Message identifiers there are numbers for.</summary>
    public int IdCount => keys.IdCount;

    /// <summary>Octets of memory beside the keys.</summary>
    public long Size => (4L * (_sequences.Capacity + _uids.Capacity + _sizes.Capacity)) + _rows.Sum(static rows => 4L * rows.Capacity);

    /// <summary>Adds a message; says whether all its keys are known.</summary>
    public bool Add(NumberedMessage message)
    {
        _sequences.Add(message.Sequence);
        _uids.Add(message.Uid.Value);
        if (WithSizes)
        {
            _sizes.Add(message.Size);
        }

        for (var i = 0; i < kinds.Length; i++)
        {
            if (!_known[i].TrySeek(message.Uid.Value, ref _asked[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Makes the keys that are not known, of messages by ascending UIDs. When more must be known of this one nothing is made,
    /// <see cref="Fields"/> have it from now on, and the message is to be shown again.
    /// </summary>
    /// <param name="message">Which.</param>
    /// <param name="glance">What there is of it.</param>
    /// <param name="read">The fields that were asked for.</param>
    public bool TryLook(NumberedMessage message, in MessageGlance glance, MessageFields read)
    {
        EnvelopeView.TryOpen(glance.Summary, out var envelope);
        var uid = message.Uid.Value;
        var sent = 0L;
        // Nearly all messages have a date: those of the store are read when there is one that has not.
        if (_sent >= 0 && !_known[_sent].TrySeek(uid, ref _looked[_sent]) && !SentTime.TryRead(envelope, out sent))
        {
            if ((read & MessageFields.Dates) == 0)
            {
                Fields |= MessageFields.Dates;
                return false;
            }

            sent = glance.InternalDate.UtcTicks;
        }

        for (var i = 0; i < kinds.Length; i++)
        {
            if (_known[i].TrySeek(uid, ref _looked[i]))
            {
                continue;
            }

            if (KeyKinds.IsNumber(kinds[i]))
            {
                BinaryPrimitives.WriteInt64LittleEndian(_found[i].Reserve(sizeof(long)), i == _sent ? sent : glance.InternalDate.UtcTicks);
                _found[i].Add(uid, sizeof(long));
            }
            else
            {
                keys.Write(kinds[i], uid, envelope, _found[i]);
            }
        }

        if (++_held == HeldRows)
        {
            Take(isLast: false);
        }

        return true;
    }

    /// <summary>Called once, when all keys have been made. A message without keys is one that the store has forgotten: it was not found.</summary>
    public void Complete()
    {
        Take(isLast: true);
        Array.Clear(_asked);
        for (var i = 0; i < kinds.Length; i++)
        {
            _known[i] = keys.Rows(kinds[i]);
            _rows[i].Extend(Count, 0);
        }

        var count = 0;
        for (var message = 0; message < Count; message++)
        {
            if (!TryPlace(_uids[message], count))
            {
                continue;
            }

            _sequences[count] = _sequences[message];
            if (WithSizes)
            {
                _sizes[count] = _sizes[message];
            }

            count++;
        }

        _sequences.Truncate(count);
    }

    /// <summary>The number of a message.</summary>
    public int SequenceOf(int message) => _sequences[message];

    public uint SizeOf(int message) => _sizes[message];

    /// <summary>A key of a message, by the place of its kind among those wanted.</summary>
    public ReadOnlySpan<byte> KeyOf(int kind, int message) => _known[kind][_rows[kind][message]];

    public int PlaceOf(KeyKind kind) => Array.IndexOf(kinds, kind);

    public void Dispose()
    {
        _sequences.Dispose();
        _uids.Dispose();
        _sizes.Dispose();
        Array.ForEach(_rows, static rows => rows.Dispose());
        OnDispose?.Invoke();
    }

    private void Take(bool isLast)
    {
        _held = 0;
        for (var i = 0; i < kinds.Length; i++)
        {
            // So many are taken of a large mailbox that it will be all of them.
            keys.Take(kinds[i], _found[i], isLast ? 0 : expected, isLast);
        }
    }

    private bool TryPlace(uint uid, int message)
    {
        for (var i = 0; i < kinds.Length; i++)
        {
            if (!_known[i].TrySeek(uid, ref _asked[i]))
            {
                return false;
            }

            _rows[i][message] = _asked[i];
        }

        return true;
    }
}
