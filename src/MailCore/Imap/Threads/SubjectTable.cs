using System.Numerics;
using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>A node for each subject that messages are about. Makes no object for any of them.</summary>
internal sealed class SubjectTable : IDisposable
{
    private readonly KeyedMessages _keyed;
    private readonly int _place;

    // A message with the subject, or -1.
    private readonly RentedList<int> _messages;
    private readonly RentedList<int> _hashes;
    private readonly RentedList<int> _nodes;

    /// <param name="messages">Whose subjects.</param>
    /// <param name="capacity">As many subjects as there can be at the most.</param>
    public SubjectTable(KeyedMessages messages, int capacity)
    {
        (_keyed, _place) = (messages, messages.PlaceOf(KeyKind.Subject));
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)capacity + (uint)(capacity / 2) + 1);
        _messages = RentedList<int>.Of(slots, -1);
        _hashes = RentedList<int>.Of(slots, 0);
        _nodes = RentedList<int>.Of(slots, 0);
    }

    /// <summary>The base subject of a message.</summary>
    public ReadOnlySpan<byte> SubjectOf(int message) => _keyed.KeyOf(_place, message)[1..];

    /// <summary>Whether a message is a reply or a forwarded one.</summary>
    public bool IsReply(int message) => _keyed.KeyOf(_place, message)[0] != 0;

    /// <summary>Where the node of a message's subject is kept; it has not been set when it is new.</summary>
    public ref int NodeOf(int message, out bool isNew)
    {
        var subject = SubjectOf(message);
        // Seeded for each process.
        var code = default(HashCode);
        code.AddBytes(subject);
        var hash = code.ToHashCode();
        var slot = hash & (_messages.Count - 1);
        while (_messages[slot] >= 0 && (_hashes[slot] != hash || !SubjectOf(_messages[slot]).SequenceEqual(subject)))
        {
            slot = (slot + 1) & (_messages.Count - 1);
        }

        isNew = _messages[slot] < 0;
        if (isNew)
        {
            (_messages[slot], _hashes[slot]) = (message, hash);
        }

        return ref _nodes[slot];
    }

    public void Dispose()
    {
        _messages.Dispose();
        _hashes.Dispose();
        _nodes.Dispose();
    }
}
