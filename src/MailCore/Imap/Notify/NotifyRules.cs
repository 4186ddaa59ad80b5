using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>What a client wants to be told, ready to be asked for each mailbox.</summary>
internal sealed class NotifyRules
{
    private readonly Rule[] _rules;

    public NotifyRules(NotifyRequest request)
    {
        var selected = request.Groups.FirstOrDefault(static group => group.IsOfSelected);
        Selected = selected?.Events ?? NotifyEvents.None;
        DelaysExpunges = selected?.Filter == NotifyFilter.SelectedDelayed;
        Fetch = selected?.Fetch ?? [];
        _rules = [.. request.Groups
            .Where(static group => !group.IsOfSelected && group.Events != NotifyEvents.None)
            .Select(static group => new Rule(group.Filter, [.. group.Names.Select(static name => name.Value)], group.Events))];
        Others = _rules.Aggregate(NotifyEvents.None, static (all, rule) => all | rule.Events);
    }

    /// <summary>Events of messages in the selected mailbox, whichever that is.</summary>
    public NotifyEvents Selected { get; }

    /// <summary>Expunges there wait for a command that allows them (RFC 5465 6.1.2).</summary>
    public bool DelaysExpunges { get; }

    /// <summary>What is fetched of new messages there.</summary>
    public IReadOnlyList<FetchItem> Fetch { get; }

    /// <summary>Every event of any mailbox that is not the selected one.</summary>
    public NotifyEvents Others { get; }

    /// <summary>Any change of the account may concern the client, and not only those of mailboxes that can be named.</summary>
    public bool IsWide => Array.Exists(_rules, static rule => rule.Filter == NotifyFilter.Personal);

    /// <summary>Mailboxes of other accounts may be meant.</summary>
    public bool ReachesOthers => Array.Exists(_rules, static rule => rule.Filter != NotifyFilter.Personal);

    /// <summary>The events of one mailbox.</summary>
    public NotifyEvents Of(string name, bool isPersonal, HashSet<string> subscribed)
    {
        var events = NotifyEvents.None;
        foreach (var rule in _rules)
        {
            var matches = rule.Filter switch
            {
                NotifyFilter.Personal => isPersonal,
                NotifyFilter.Subscribed => subscribed.Contains(name),
                NotifyFilter.Mailboxes => rule.Names.Contains(name),
                _ => rule.Names.Contains(name) || IsBelow(name, rule.Names),
            };
            events |= matches ? rule.Events : NotifyEvents.None;
        }

        return events;
    }

    private static bool IsBelow(string name, HashSet<string> tops)
    {
        for (var cut = name.LastIndexOf(MailboxName.Separator); cut > 0; cut = name.LastIndexOf(MailboxName.Separator, cut - 1))
        {
            if (tops.Contains(name[..cut]))
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Rule(NotifyFilter Filter, HashSet<string> Names, NotifyEvents Events);
}
