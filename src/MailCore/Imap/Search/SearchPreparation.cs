using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>What is done to criteria before any mailbox is looked at.</summary>
internal static class SearchPreparation
{
    /// <summary>Puts filters in, and refuses what the store can't do.</summary>
    public static async ValueTask<(SearchKey Key, ImapReply? Refusal)> RunAsync(ImapSession session, SearchReturnOptions options, SearchKey key)
    {
        (key, var refusal) = await SearchFilters.ExpandAsync(session, key);
        var isFuzzy = FuzzyKeys.IsIn(key);
        refusal ??=
            isFuzzy && !session.Services.Accounts.HasTextIndex ? ImapReply.Bad("FUZZY needs an index, which this store does not have")
            : options.Has(SearchReturn.Relevancy) && !isFuzzy ? ImapReply.Bad("RELEVANCY is for FUZZY")
            : null;
        return (key, refusal);
    }

    /// <summary>The messages that match without FUZZY, for RELEVANCY; null when there is no key to ask for it.</summary>
    public static async ValueTask<UidRuns?> ScoresAsync(ImapSession session, Mailbox mailbox, SelectedMailbox messages, SearchKey? key)
    {
        if (key is null)
        {
            return null;
        }

        SearchPlan.TryMake(FuzzyKeys.Exactly(key), messages, cutsNumbers: true, out var plan);
        var exact = new Collector();
        await new SearchRun(session, mailbox, messages, plan).RunAsync(exact);
        return exact.Found;
    }

    private sealed class Collector : ISearchSink
    {
        public UidRuns Found { get; } = new();

        public bool WantsFirst => false;

        public bool IsDone => false;

        public ValueTask AddAsync(NumberedMessage message)
        {
            Found.Append(message.Uid, isNext: false);
            return ValueTask.CompletedTask;
        }
    }
}
