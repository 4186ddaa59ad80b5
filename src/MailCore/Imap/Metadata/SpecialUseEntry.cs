using System.Text;
using MailCore.Imap.Extensions;
using MailCore.Storage;

namespace MailCore.Imap.Metadata;

/// <summary>A mailbox's special use as LIST tells it (RFC 6154 4).</summary>
internal sealed class SpecialUseEntry : ImapMetadataSource
{
    public override string Entry => "/private/specialuse";

    public override ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapMetadataContext context, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<MetadataEntry>>(
            context.Mailbox?.SpecialUse is { } use ? [new MetadataEntry(Entry, Encoding.ASCII.GetBytes(use))] : []);
}
