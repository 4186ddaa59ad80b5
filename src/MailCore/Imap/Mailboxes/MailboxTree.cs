using MailCore.Imap.Wire;

namespace MailCore.Imap.Mailboxes;

/// <summary>The names of a user's world as LIST sees them: mailboxes, subscriptions, and the levels above both.</summary>
internal sealed class MailboxTree
{
    private readonly Dictionary<string, VisibleMailbox> _mailboxes;
    private readonly HashSet<string> _subscribed;
    private readonly HashSet<string> _parents;
    private readonly ListSelection _criteria;
    private readonly HashSet<string> _parentsOfSelected;

    /// <param name="visible">What the user may know of.</param>
    /// <param name="selection">Which names are wanted.</param>
    public MailboxTree(VisibleMailboxes visible, ListSelection selection)
    {
        _mailboxes = visible.Mailboxes.ToDictionary(static mailbox => mailbox.Info.Name, StringComparer.Ordinal);
        _subscribed = visible.Subscriptions.ToHashSet(StringComparer.Ordinal);
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

    public VisibleMailbox? Find(string name) => _mailboxes.GetValueOrDefault(name);

    public bool IsSubscribed(string name) => _subscribed.Contains(name);

    public bool HasChildren(string name) => _parents.Contains(name);

    /// <summary>Whether a name below this one meets the criteria.</summary>
    public bool IsAboveSelected(string name) => _parentsOfSelected.Contains(name);

    /// <summary>Whether the name itself meets the criteria.</summary>
    public bool Meets(string name) =>
        (!_criteria.HasFlag(ListSelection.Subscribed) || _subscribed.Contains(name))
        && (!_criteria.HasFlag(ListSelection.SpecialUse) || Find(name)?.Info.SpecialUse is not null);

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
