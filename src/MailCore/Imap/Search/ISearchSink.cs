using MailCore.Imap.View;

namespace MailCore.Imap.Search;

/// <summary>Takes the messages that a search finds, in the order of their numbers, each once.</summary>
internal interface ISearchSink
{
    /// <summary>Only the first found matters: no message behind it is read.</summary>
    bool WantsFirst { get; }

    /// <summary>Nothing found from here on would matter; the search ends.</summary>
    bool IsDone { get; }

    ValueTask AddAsync(NumberedMessage message);
}
