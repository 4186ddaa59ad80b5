using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>The contexts of a selected mailbox; they end with the selection. SORT's may stand among them (RFC 5267 4.1).</summary>
internal sealed class SearchContexts
{
    private readonly List<ISearchContext> _contexts = [];

    public int Count => _contexts.Count;

    public bool Has(ReadOnlySpan<byte> tag) => IndexOf(tag) >= 0;

    /// <summary>Keeps it, or tells the client that its result will not be followed (RFC 5267 4.3.1).</summary>
    public void Add(ISearchContext context, ImapSession session)
    {
        if (_contexts.Count >= session.Options.MaxSearchContexts || context.IsTooLarge)
        {
            Refuse(session.Writer, context);
            return;
        }

        _contexts.Add(context);
    }

    /// <summary>False when there is none of this tag.</summary>
    public bool Cancel(ReadOnlySpan<byte> tag)
    {
        var index = IndexOf(tag);
        if (index >= 0)
        {
            _contexts.RemoveAt(index);
        }

        return index >= 0;
    }

    /// <summary>What is to be fetched of a new message, once it has been told which results it is in; none for nothing.</summary>
    public IEnumerable<FetchItem> FetchOf(int sequence) =>
        _contexts.Where(context => context.Fetch.Count > 0 && context.HasAdded(sequence)).SelectMany(static context => context.Fetch);

    /// <summary>Whether anything is fetched of new messages.</summary>
    public bool Fetches => _contexts.Exists(static context => context.Fetch.Count > 0);

    /// <summary>To be called before the expunges of an update are told.</summary>
    public void TellVanished(ImapWriter writer, MailboxUpdate update)
    {
        if (update.Before is not { } before)
        {
            return;
        }

        foreach (var context in _contexts)
        {
            context.TellVanished(writer, before, update.Vanished);
        }
    }

    /// <summary>To be called when all else of an update is told.</summary>
    public async ValueTask TellAlteredAsync(ImapSession session, Mailbox mailbox, SelectedMailbox messages, MailboxUpdate update)
    {
        if (_contexts.Count == 0)
        {
            return;
        }

        var altered = SequenceSet.From([.. update.Altered.Select(static sequence => new SequenceRange(sequence, sequence))]);
        if (altered.IsEmpty)
        {
            return;
        }

        foreach (var context in _contexts.ToArray())
        {
            if (!await TryTellAsync(context, session, mailbox, messages, altered) || context.IsTooLarge)
            {
                Refuse(session.Writer, context);
                _contexts.Remove(context);
            }
        }
    }

    // What the store can't be asked now would be missing for good: the client is told that the result is no longer followed.
    private static async ValueTask<bool> TryTellAsync(ISearchContext context, ImapSession session, Mailbox mailbox, SelectedMailbox messages, SequenceSet altered)
    {
        try
        {
            await context.TellAlteredAsync(session, mailbox, messages, altered);
            return true;
        }
        catch (Exception error) when (!session.IsConnectionLost && session.Writer.IsAtLineStart)
        {
            session.Log.CommandFailed(error, session.Connection.Id, nameof(SearchContext));
            return false;
        }
    }

    private static void Refuse(ImapWriter writer, ISearchContext context) => Refuse(writer, context.Tag);

    /// <summary>Says that a result is not followed (RFC 5267 4.3.1).</summary>
    public static void Refuse(ImapWriter writer, ReadOnlySpan<byte> tag) =>
        writer.Raw("* NO [NOUPDATE \""u8).Raw(tag).Raw("\"] Its changes will not be told"u8).Line();

    private int IndexOf(ReadOnlySpan<byte> tag)
    {
        for (var i = 0; i < _contexts.Count; i++)
        {
            if (_contexts[i].Tag.SequenceEqual(tag))
            {
                return i;
            }
        }

        return -1;
    }
}
