using MailCore.Imap.View;

namespace MailCore.Imap.Search;

/// <summary>What must be known of a message to answer a criterion; each costs more than the one before it.</summary>
internal enum SearchCost
{
    /// <summary>The columns of the view.</summary>
    Columns,

    /// <summary>The store's row.</summary>
    Row,

    /// <summary>The summary.</summary>
    Summary,

    /// <summary>The header block.</summary>
    Header,

    /// <summary>The whole message.</summary>
    Body,
}

/// <summary>A message as far as it is known; made anew for each step, and nothing of it is kept.</summary>
internal ref struct SearchSubject
{
    public SearchCost Known;

    public NumberedMessage Message;

    public DateTimeOffset InternalDate;

    public DateTimeOffset SaveDate;

    public string? EmailId;

    /// <summary>As it is stored.</summary>
    public ReadOnlySpan<byte> Summary;

    public ReadOnlySpan<byte> Header;

    /// <summary>By <see cref="SearchNode.Content.Index"/>.</summary>
    public ReadOnlySpan<bool> Found;
}
