namespace MailCore.Imap.Search;

/// <summary>
/// Joins criteria into the smallest tree that means the same: groups within groups become one, what is always or never so goes, flags
/// become one comparison, and the cheapest stand first.
/// </summary>
internal static class Simplifier
{
    public static SearchNode All(IEnumerable<SearchNode> nodes) => Join(nodes, all: true);

    public static SearchNode Any(IEnumerable<SearchNode> nodes) => Join(nodes, all: false);

    public static SearchNode Not(SearchNode node) => node switch
    {
        SearchNode.Constant => SearchNode.Constant.Of(node == SearchNode.Constant.False),
        SearchNode.Not not => not.Inner,
        ColumnNode.Flags flags when ulong.IsPow2(flags.Mask) => new ColumnNode.Flags(flags.Mask, flags.Value ^ flags.Mask),
        _ => new SearchNode.Not(node),
    };

    private static SearchNode Join(IEnumerable<SearchNode> nodes, bool all)
    {
        var joined = new List<SearchNode>();
        ColumnNode.Flags? flags = null;
        foreach (var node in nodes.SelectMany(node => node is SearchNode.Group group && group.IsAll == all ? group.Nodes : [node]))
        {
            if (node is SearchNode.Constant)
            {
                if (node == SearchNode.Constant.Of(!all))
                {
                    return node;
                }
            }
            else if (all && node is ColumnNode.Flags one)
            {
                if (flags is not null && (flags.Mask & one.Mask & (flags.Value ^ one.Value)) != 0)
                {
                    return SearchNode.Constant.False;
                }

                flags = flags is null ? one : new ColumnNode.Flags(flags.Mask | one.Mask, flags.Value | one.Value);
            }
            else
            {
                joined.Add(node);
            }
        }

        if (flags is not null)
        {
            joined.Add(flags);
        }

        return joined.Count switch
        {
            0 => SearchNode.Constant.Of(all),
            1 => joined[0],
            _ => new SearchNode.Group([.. joined.OrderBy(static node => node.Cost)], all),
        };
    }
}
