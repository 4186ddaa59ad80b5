using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>An account's names as LIST sees them: mailboxes, subscriptions, and the levels above both.</summary>
internal sealed class MailboxTree
{
    private readonly Dictionary<string, MailboxInfo> _mailboxes;
    private readonly HashSet<string> _subscribed;
    private readonly HashSet<string> _parents;
    private readonly ListSelection _criteria;
    private readonly HashSet<string> _parentsOfSelected;

    /// <param name="snapshot">The account.</param>
    /// <param name="selection">Which names are wanted.</param>
    public MailboxTree(AccountSnapshot snapshot, ListSelection selection)
    {
        _mailboxes = snapshot.Mailboxes.ToDictionary(static info => info.Name, StringComparer.Ordinal);
        _subscribed = snapshot.Subscriptions.ToHashSet(StringComparer.Ordinal);
        _parents = Parents(_mailboxes.Keys);
        _criteria = selection & ListSelection.Criteria;
        var candidates = _criteria.HasFlag(ListSelection.Subscribed) ? _subscribed : [.. _mailboxes.Keys, .. _parents];
        Selected = [.. candidates.Where(Meets).Order(StringComparer.Ordinal)];
        _parentsOfSelected = Parents(Selected);
    }

    /// <summary>The names that meet the criteria, in ordinal order. Without criteria: mailboxes and the levels above them.</summary>
    public IReadOnlyList<string> Selected { get; }

    /// <summary>The selected names and the levels above them, in ordinal order.</summary>
    public IEnumerable<string> SelectedAndAbove => Selected.Union(_parentsOfSelected).Order(StringComparer.Ordinal);

    public MailboxInfo? Find(string name) => _mailboxes.GetValueOrDefault(name);

    public bool IsSubscribed(string name) => _subscribed.Contains(name);

    public bool HasChildren(string name) => _parents.Contains(name);

    /// <summary>Whether a name below this one meets the criteria.</summary>
    public bool IsAboveSelected(string name) => _parentsOfSelected.Contains(name);

    /// <summary>Whether the name itself meets the criteria.</summary>
    public bool Meets(string name) =>
        (!_criteria.HasFlag(ListSelection.Subscribed) || _subscribed.Contains(name))
        && (!_criteria.HasFlag(ListSelection.SpecialUse) || Find(name)?.SpecialUse is not null);

    /// <summary>Every level above any of the names.</summary>
    public static HashSet<string> Parents(IEnumerable<string> names)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            for (var cut = name.LastIndexOf('/'); cut > 0 && parents.Add(name[..cut]); cut = name.LastIndexOf('/', cut - 1))
            {
            }
        }

        return parents;
    }
}
