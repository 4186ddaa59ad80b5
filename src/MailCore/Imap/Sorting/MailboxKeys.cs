using System.Buffers;
using System.Runtime.InteropServices;
using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>
/// The keys of a mailbox's messages, as far as anybody has sorted or threaded by them: they never change, and finding out means reading
/// summaries.
/// </summary>
/// <remarks>Threading: all of it by several sessions at once.</remarks>
internal sealed class MailboxKeys
{
    /// <summary>Octets of References that count, the last ones: the nearest ancestors. Else a sender could fill the memory.</summary>
    internal const int MaxReferences = 16 * 1024;

    // "<a@b>"
    private const int ShortestId = 5;
    private const int None = -1;
    private const int Overhead = 1024;

    // Guards all below.
    private readonly Lock _lock = new();
    private readonly KeyRows?[] _rows = new KeyRows?[KeyKinds.Count];
    private readonly MessageIdTable _ids = new();

    /// <summary>Octets of memory.</summary>
    public long Size
    {
        get
        {
            lock (_lock)
            {
                return Overhead + _ids.Size + _rows.Sum(static rows => rows?.Size ?? 0);
            }
        }
    }

    /// <summary>Message identifiers there are numbers for, from 0 on.</summary>
    public int IdCount
    {
        get
        {
            lock (_lock)
            {
                return _ids.Count;
            }
        }
    }

    /// <summary>The most messages of which there is any one key, be they in the mailbox still or not.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _rows.Max(static rows => rows?.Count ?? 0);
            }
        }
    }

    /// <summary>What is known now.</summary>
    public KeyRows.View Rows(KeyKind kind)
    {
        lock (_lock)
        {
            return _rows[(int)kind]?.Rows ?? new KeyRows.View([], [], [], 0);
        }
    }

    /// <summary>Takes keys over; those that are known are the same.</summary>
    /// <param name="kind">Which keys.</param>
    /// <param name="found">Left empty, or with what was in it when it was not taken.</param>
    /// <param name="expected">As many as there will probably be, or 0.</param>
    /// <param name="isLast">Otherwise only what is behind everything known is taken: that is cheap.</param>
    public void Take(KeyKind kind, KeyRows found, int expected, bool isLast)
    {
        lock (_lock)
        {
            var known = _rows[(int)kind] ??= new KeyRows();
            var isFirst = known.Count == 0;
            if (!known.TryAppend(found, expected))
            {
                if (!isLast)
                {
                    return;
                }

                _rows[(int)kind] = KeyRows.Merge(known, found);
            }
            else if (isFirst && kind == KeyKind.References && expected > known.Count)
            {
                _ids.Expect(known.Count, expected + (expected / 16));
            }
        }

        found.Clear();
    }

    /// <summary>Makes the key of a message, which stands behind those made before.</summary>
    public void Write(KeyKind kind, uint uid, EnvelopeView envelope, KeyRows into)
    {
        if (kind == KeyKind.References)
        {
            WriteReferences(uid, envelope, into);
            return;
        }

        var room = into.Reserve(1 + TextKey.MaxOctets);
        room[0] = 0;
        int written;
        if (kind == KeyKind.Subject)
        {
            envelope.TryGet(EnvelopeFields.Subject, out var subject);
            written = TextKey.WriteSubject(subject, room[1..], out var isReply);
            room[0] = isReply ? (byte)1 : (byte)0;
        }
        else
        {
            written = AddressKey.Write(kind, envelope, room[1..]);
        }

        into.Add(uid, 1 + written);
    }

    private void WriteReferences(uint uid, EnvelopeView envelope, KeyRows into)
    {
        envelope.TryGet(EnvelopeFields.MessageId, out var messageId);
        envelope.TryGet(EnvelopeFields.References, out var references);
        envelope.TryGet(EnvelopeFields.InReplyTo, out var inReplyTo);
        references = references[Math.Max(0, references.Length - MaxReferences)..];
        var longest = Math.Max(messageId.Length, Math.Max(references.Length, inReplyTo.Length));
        byte[]? rented = null;
        var room = longest <= 1024 ? stackalloc byte[longest] : (rented = ArrayPool<byte>.Shared.Rent(longest));
        var key = MemoryMarshal.Cast<byte, int>(into.Reserve(sizeof(int) * (2 + (references.Length / ShortestId))));
        var count = 1;
        lock (_lock)
        {
            key[0] = new MessageIdReader(messageId, room).TryNext(out var id) ? _ids.NumberOf(id) : None;
            for (var reader = new MessageIdReader(references, room); reader.TryNext(out id);)
            {
                key[count++] = _ids.NumberOf(id);
            }

            if (count == 1 && new MessageIdReader(inReplyTo, room).TryNext(out id))
            {
                key[count++] = _ids.NumberOf(id);
            }
        }

        into.Add(uid, sizeof(int) * count);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
