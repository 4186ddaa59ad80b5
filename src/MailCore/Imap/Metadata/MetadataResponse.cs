using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Metadata;

/// <summary>METADATA (RFC 5464 4.4).</summary>
internal static class MetadataResponse
{
    /// <summary>
    /// With the values of the entries named, NIL for those that are not there unless what lies below is asked for too. The size of
    /// the largest value that was left out for <see cref="MetadataOptions.MaxSize"/>, or 0.
    /// </summary>
    public static async ValueTask<int> WriteAsync(ImapSession session, MetadataTarget target, IReadOnlyList<string> names, MetadataOptions options)
    {
        var entries = await target.ReadAsync(session, names);
        var writer = session.Writer;
        var longest = 0;
        var told = new HashSet<string>();
        foreach (var (name, value) in names.SelectMany(name => Select(entries, name, options.Depth)))
        {
            if (value?.Length > options.MaxSize)
            {
                longest = Math.Max(longest, value.Value.Length);
                continue;
            }

            if (!told.Add(name))
            {
                continue;
            }

            _ = told.Count == 1 ? writer.Raw("* METADATA "u8).Mailbox(target.Name).Raw(" ("u8) : writer.Raw(" "u8);
            WriteValue(writer.Astring(Encoding.ASCII.GetBytes(name)).Raw(" "u8), value);
            if (writer.WantsFlush)
            {
                await writer.FlushAsync(session.Aborted);
            }
        }

        if (told.Count > 0)
        {
            writer.Raw(")"u8).Line();
        }

        return longest;
    }

    /// <summary>Without values: of entries that have changed.</summary>
    public static void WriteNames(ImapWriter writer, string mailbox, IEnumerable<string> entries)
    {
        writer.Raw("* METADATA "u8).Mailbox(mailbox);
        foreach (var entry in entries)
        {
            writer.Raw(" "u8).Astring(Encoding.ASCII.GetBytes(entry));
        }

        writer.Line();
    }

    private static IEnumerable<(string Name, ReadOnlyMemory<byte>? Value)> Select(IReadOnlyList<MetadataEntry> entries, string name, int depth)
    {
        var found = entries.FirstOrDefault(entry => entry.Entry == name);
        if (found is not null || depth == 0)
        {
            yield return (name, found?.Value);
        }

        foreach (var entry in entries)
        {
            if (entry.Entry.Length > name.Length && MetadataSources.IsWithin(entry.Entry, name)
                && entry.Entry.AsSpan(name.Length).Count('/') <= depth)
            {
                yield return (entry.Entry, entry.Value);
            }
        }
    }

    // NULs need a literal8 (RFC 5464 5).
    private static void WriteValue(ImapWriter writer, ReadOnlyMemory<byte>? value)
    {
        if (value is { } octets && octets.Span.Contains((byte)0))
        {
            writer.Raw("~"u8).LiteralHeader(octets.Length).Raw(octets.Span);
        }
        else
        {
            writer.NString(value);
        }
    }
}
