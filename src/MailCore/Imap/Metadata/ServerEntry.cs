using System.Text;
using MailCore.Imap.Extensions;
using MailCore.Storage;

namespace MailCore.Imap.Metadata;

/// <summary>What the options say of the server (RFC 5464 3.2.1.1).</summary>
internal sealed class ServerEntry(string entry, Func<string?> value) : ImapMetadataSource
{
    public override string Entry => entry;

    public override ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapMetadataContext context, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<MetadataEntry>>(
            context.Mailbox is null && value() is { } text ? [new MetadataEntry(entry, Encoding.UTF8.GetBytes(text))] : []);
}
