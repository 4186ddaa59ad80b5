using MailCore.Imap.Wire;

namespace MailCore.Imap.Search;

/// <summary>Searches that an account keeps under a name, as annotations (RFC 5466).</summary>
internal static class SearchFilters
{
    /// <summary>Filters put in for one search, those within filters included: a loop ends here, and so does what doubles itself.</summary>
    public const int MaxExpansions = 100;

    private static readonly string[] Roots = ["/private/filters/values/", "/shared/filters/values/"];

    /// <summary>The criteria with every filter in its place; the refusal is not null when one of them is not there or is no search.</summary>
    public static async ValueTask<(SearchKey Key, ImapReply? Refusal)> ExpandAsync(ImapSession session, SearchKey key)
    {
        if (!HasFilter(key))
        {
            return (key, null);
        }

        var entries = (await session.Account.ReadMetadataAsync(session.Aborted)).ToDictionary(static entry => entry.Entry, static entry => entry.Value);
        string? undefined = null;
        var left = MaxExpansions;
        while (undefined is null && HasFilter(key))
        {
            key = key.Replace(one =>
            {
                if (one is not SearchKey.Filter filter)
                {
                    return null;
                }

                var value = undefined is null && left-- > 0 ? Find(entries, filter.Name) : null;
                var criteria = value is { } known ? Parse(session, known.Span) : null;
                undefined ??= criteria is null ? filter.Name : null;
                return criteria ?? new SearchKey.And([]);
            });
        }

        return (key, undefined is null ? null : ImapReply.No("There is no such filter", "UNDEFINED-FILTER " + undefined));
    }

    private static bool HasFilter(SearchKey key) => key.Any(static one => one is SearchKey.Filter);

    private static ReadOnlyMemory<byte>? Find(Dictionary<string, ReadOnlyMemory<byte>> entries, string name)
    {
        foreach (var root in Roots)
        {
            if (entries.TryGetValue(root + name.ToLowerInvariant(), out var value))
            {
                return value;
            }
        }

        return null;
    }

    private static SearchKey? Parse(ImapSession session, ReadOnlySpan<byte> value)
    {
        var reader = new ImapReader(value, session.Options.MaxDepth);
        var key = reader.SearchKeys();
        reader.End();
        return reader.Failed ? null : key;
    }
}
