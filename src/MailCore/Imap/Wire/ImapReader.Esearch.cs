using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>Everything behind ESEARCH (RFC 7377).</summary>
/// <param name="Sources">Null when none were named.</param>
/// <param name="Search">What to search for.</param>
internal sealed record EsearchRequest(IReadOnlyList<MailboxFilter>? Sources, SearchRequest Search);

internal ref partial struct ImapReader
{
    /// <summary>Everything behind ESEARCH and its space.</summary>
    public EsearchRequest EsearchRequest()
    {
        List<MailboxFilter>? sources = null;
        if (TryWord("IN"u8))
        {
            sources = [];
            OpenList();
            do
            {
                if (Next == '(' && sources.Count > 0)
                {
                    // RFC 7377 4, scope-options: there are none.
                    Fail("there is no such scope option", _position + 1);
                }

                sources.Add(MailboxFilter());
            }
            while (!Failed && NextElement());
            Space();
        }

        return new EsearchRequest(sources, SearchRequest());
    }

    /// <summary>filter-mailboxes, without selected-delayed (RFC 5465 8, RFC 7377 4).</summary>
    public MailboxFilter MailboxFilter()
    {
        var start = _position;
        var word = Failed ? default : Word();
        MailboxFilterKind? kind =
            Is(word, "selected"u8) ? MailboxFilterKind.Selected
            : Is(word, "inboxes"u8) ? MailboxFilterKind.Inboxes
            : Is(word, "personal"u8) ? MailboxFilterKind.Personal
            : Is(word, "subscribed"u8) ? MailboxFilterKind.Subscribed
            : Is(word, "subtree"u8) ? MailboxFilterKind.Subtree
            : Is(word, "subtree-one"u8) ? MailboxFilterKind.SubtreeOne
            : Is(word, "mailboxes"u8) ? MailboxFilterKind.Mailboxes
            : null;
        if (kind is null)
        {
            Fail("there is no such set of mailboxes", start);
        }

        return new MailboxFilter(kind ?? MailboxFilterKind.Selected, kind >= MailboxFilterKind.Subtree ? OneOrMoreMailboxes() : []);
    }

    private List<MailboxName> OneOrMoreMailboxes()
    {
        Space();
        var names = new List<MailboxName>();
        var isList = TryOpenList();
        do
        {
            if (MailboxOrNull() is { } name)
            {
                names.Add(name);
            }
        }
        while (isList && !Failed && NextElement());

        return names;
    }
}
