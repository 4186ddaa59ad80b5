using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>A search whose client is told what changes in its result (RFC 5267 4.3).</summary>
internal interface ISearchContext
{
    /// <summary>Of the command that asked for it.</summary>
    ReadOnlySpan<byte> Tag { get; }

    /// <summary>Too scattered to be kept.</summary>
    bool IsTooLarge { get; }

    /// <summary>What is fetched of new messages that match (RFC 5465 7).</summary>
    IReadOnlyList<FetchItem> Fetch => [];

    /// <summary>Whether the message, by its number, came into the result when it was told of last.</summary>
    bool HasAdded(int sequence) => false;

    /// <summary>Called before the expunges are told, in the numbers that hold until then.</summary>
    void TellVanished(ImapWriter writer, MessageNumbers before, IEnumerable<Uid> vanished);

    /// <summary>Called after new messages and flags are told: looks whether these messages match now.</summary>
    ValueTask TellAlteredAsync(ImapSession session, Mailbox mailbox, SelectedMailbox messages, SequenceSet altered);
}

/// <summary>A context in the order of the mailbox.</summary>
/// <param name="tag">Of the command that asked for it.</param>
/// <param name="plan">What is searched.</param>
/// <param name="areUids">Whether UIDs are told.</param>
/// <param name="matches">What the client has been told of, and what is taken over.</param>
internal sealed class SearchContext(byte[] tag, SearchPlan plan, bool areUids, UidRuns matches) : ISearchContext
{
    /// <summary>Ranges of UIDs that one may hold: 512 KB.</summary>
    public const int MaxRuns = 64 * 1024;

    private HashSet<int> _added = [];

    public ReadOnlySpan<byte> Tag => tag;

    public IReadOnlyList<FetchItem> Fetch { get; init; } = [];

    public bool HasAdded(int sequence) => _added.Contains(sequence);

    public bool IsTooLarge => matches.RunCount > MaxRuns;

    public void TellVanished(ImapWriter writer, MessageNumbers before, IEnumerable<Uid> vanished)
    {
        var removed = new List<NumberedUid>();
        foreach (var uid in vanished)
        {
            if (matches.Remove(uid))
            {
                removed.Add(new NumberedUid(before.SequenceOf(uid), uid));
            }
        }

        Tell(writer, [], removed);
    }

    public async ValueTask TellAlteredAsync(ImapSession session, Mailbox mailbox, SelectedMailbox messages, SequenceSet altered)
    {
        var found = new Matching();
        await new SearchRun(session, mailbox, messages, plan).RunAsync(found, altered);
        var added = new List<NumberedUid>();
        var removed = new List<NumberedUid>();
        foreach (var sequence in altered)
        {
            var uid = messages.Numbers.UidAt(sequence);
            if (found.Sequences.Contains(sequence))
            {
                if (matches.Add(uid))
                {
                    added.Add(new NumberedUid(sequence, uid));
                }
            }
            else if (matches.Remove(uid))
            {
                removed.Add(new NumberedUid(sequence, uid));
            }
        }

        _added = Fetch.Count == 0 ? [] : [.. added.Select(static message => message.Sequence)];
        Tell(session.Writer, added, removed);
    }

    private void Tell(ImapWriter writer, List<NumberedUid> added, List<NumberedUid> removed)
    {
        if (added.Count == 0 && removed.Count == 0)
        {
            return;
        }

        writer.Raw("* ESEARCH (TAG \""u8).Raw(tag).Raw(areUids ? "\") UID"u8 : "\")"u8);
        // Position 0: the result is in the order of the mailbox.
        Write(writer, " REMOVEFROM (0 "u8, removed);
        Write(writer, " ADDTO (0 "u8, added);
        writer.Line();
    }

    private void Write(ImapWriter writer, ReadOnlySpan<byte> item, List<NumberedUid> messages)
    {
        if (messages.Count == 0)
        {
            return;
        }

        writer.Raw(item);
        for (var i = 0; i < messages.Count;)
        {
            var first = NumberOf(messages[i]);
            var last = first;
            for (i++; i < messages.Count && NumberOf(messages[i]) == last + 1; i++)
            {
                last++;
            }

            writer.Number(first);
            if (last > first)
            {
                writer.Raw(":"u8).Number(last);
            }

            writer.Raw(i < messages.Count ? ","u8 : ")"u8);
        }
    }

    private uint NumberOf(NumberedUid message) => areUids ? message.Uid.Value : (uint)message.Sequence;

    private readonly record struct NumberedUid(int Sequence, Uid Uid);

    private sealed class Matching : ISearchSink
    {
        public HashSet<int> Sequences { get; } = [];

        public bool WantsFirst => false;

        public bool IsDone => false;

        public ValueTask AddAsync(NumberedMessage message)
        {
            Sequences.Add(message.Sequence);
            return ValueTask.CompletedTask;
        }
    }
}
