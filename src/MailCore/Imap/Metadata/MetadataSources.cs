using MailCore.Imap.Extensions;
using MailCore.Storage;

namespace MailCore.Imap.Metadata;

/// <summary>The annotations that are computed: the server's own and the host's. Shared by all sessions of an endpoint.</summary>
internal sealed class MetadataSources
{
    private readonly ImapMetadataSource[] _sources;

    /// <exception cref="ArgumentException">A source of the host's has no entry's name, or one at, above or below another's.</exception>
    public MetadataSources(ImapOptions options, IReadOnlyList<ImapMetadataSource> ofHost)
    {
        _sources =
        [
            new ServerEntry("/shared/admin", () => options.AdminUri),
            new ServerEntry("/shared/comment", () => options.ServerComment),
            new SpecialUseEntry(),
            .. ofHost,
        ];
        for (var i = 0; i < _sources.Length; i++)
        {
            var entry = _sources[i].Entry;
            if (!MetadataEntry.TryParseName(entry, out var name) || name != entry || Array.FindIndex(_sources, other => Meets(other.Entry, entry)) != i)
            {
                throw new ArgumentException($"'{entry}' can't be an entry of another source of metadata.", nameof(ofHost));
            }
        }
    }

    /// <summary>Whether an entry is at or below another.</summary>
    public static bool IsWithin(string entry, string top) =>
        entry.StartsWith(top, StringComparison.Ordinal) && (entry.Length == top.Length || entry[top.Length] == '/');

    /// <summary>Whether clients can only read the entry: of the server all that is shared, of a mailbox what is computed.</summary>
    public bool IsReadOnly(string entry, bool ofServer)
    {
        if (ofServer)
        {
            return entry.StartsWith("/shared/", StringComparison.Ordinal) || Array.Exists(_sources, source => IsWithin(entry, source.Entry));
        }

        return Array.Exists(_sources, source => source is not ServerEntry && IsWithin(entry, source.Entry));
    }

    /// <summary>Adds what is computed at, above or below the names to what is stored, and takes stored entries of the same names away.</summary>
    public async ValueTask<IReadOnlyList<MetadataEntry>> CompleteAsync(
        IReadOnlyList<MetadataEntry> stored, IReadOnlyList<string> names, ImapMetadataContext context, CancellationToken cancellationToken)
    {
        List<MetadataEntry>? all = null;
        foreach (var source in _sources)
        {
            if (!names.Any(name => Meets(name, source.Entry)) || (source is ServerEntry && context.Mailbox is not null))
            {
                continue;
            }

            all ??= [.. stored];
            all.RemoveAll(entry => IsWithin(entry.Entry, source.Entry));
            all.AddRange((await source.ReadAsync(context, cancellationToken)).Where(entry => IsWithin(entry.Entry, source.Entry)));
        }

        all?.Sort(static (a, b) => string.CompareOrdinal(a.Entry, b.Entry));
        return all ?? stored;
    }

    private static bool Meets(string one, string other) => IsWithin(one, other) || IsWithin(other, one);
}
