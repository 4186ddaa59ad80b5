using System.Globalization;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Writes an account as a Maildir++ that Dovecot can serve as it is: with dovecot-uidlist and dovecot-keywords, so that UIDVALIDITY,
/// UIDs and keywords stay. Line ends become LF where a message has CRLF only. Mail may come in meanwhile; each mailbox is as of the
/// moment when its turn came.
/// </summary>
/// <param name="account">Whose.</param>
/// <param name="folder">New or empty.</param>
public sealed class MaildirExport(MailAccount account, string folder)
{
    private static readonly string[] Parts = ["cur", "new", "tmp"];

    private readonly List<string> _problems = [];
    private long _messages;
    private long _total;
    private IProgress<WorkProgress>? _progress;

    /// <summary>Exports everything.</summary>
    /// <param name="progress">Told of messages.</param>
    /// <param name="cancellationToken">Stops between messages; what is written stays.</param>
    /// <exception cref="IOException">The folder is not empty, or can't be written.</exception>
    public async Task<TransferReport> RunAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException($"'{folder}' is not empty. Export into a new folder.");
        }

        _progress = progress;
        var snapshot = await account.SnapshotAsync(cancellationToken);
        _total = snapshot.Mailboxes.Sum(static info => info.Messages);
        foreach (var info in snapshot.Mailboxes)
        {
            await ExportAsync(info, cancellationToken);
        }

        MaildirSubscriptions.Write(folder, snapshot.Subscriptions);
        return new TransferReport(snapshot.Mailboxes.Count, _messages, _problems);
    }

    private async Task ExportAsync(MailboxInfo info, CancellationToken cancellationToken)
    {
        var name = MailboxName.Parse(info.Name);
        var path = name.IsInbox ? folder : Path.Combine(folder, MaildirNames.Format(name));
        foreach (var part in Parts)
        {
            Directory.CreateDirectory(Path.Combine(path, part));
        }

        if (!name.IsInbox)
        {
            // What tells Maildir++ programs that this is a mailbox below another one.
            await File.WriteAllBytesAsync(Path.Combine(path, "maildirfolder"), [], cancellationToken);
        }

        var mailbox = account.OpenMailbox(info.Id);
        if (await mailbox.OpenViewAsync(cancellationToken) is not { } view)
        {
            return;
        }

        var state = view.State;
        var flags = new MaildirFlags();
        var lost = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await using (var list = new StreamWriter(Path.Combine(path, MaildirUidList.FileName), append: false))
        {
            await list.WriteAsync(MaildirUidList.Header(state.Info.UidValidity, state.Info.UidNext.Value));
            for (var start = 0; start < state.Count; start += StorageLimits.UidsPerRead)
            {
                var rows = state.Range(start, Math.Min(StorageLimits.UidsPerRead, state.Count - start)).ToList();
                await ExportAsync(new Target(mailbox, state.Info, path, flags, lost), rows, list, cancellationToken);
            }
        }

        flags.Write(path);
        if (lost.Count > 0)
        {
            _problems.Add($"Mailbox '{name}' has more keywords than a Maildir has letters; these were left out: {string.Join(", ", lost)}.");
        }
    }

    private async Task ExportAsync(Target target, List<MailboxRow> rows, StreamWriter list, CancellationToken cancellationToken)
    {
        var words = rows.ToDictionary(static row => row.Uid, static row => row.FlagWord);
        Uid[] uids = [.. rows.Select(static row => row.Uid)];
        foreach (var row in await target.Mailbox.ReadBatchAsync(uids, MessageFields.Dates | MessageFields.Content, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var baseName = string.Create(CultureInfo.InvariantCulture, $"{row.InternalDate.ToUnixTimeSeconds()}.V{target.Info.UidValidity}U{row.Uid}.mailcore");
            if (!await WriteAsync(target, row, baseName, words[row.Uid], cancellationToken))
            {
                _problems.Add($"Mailbox '{target.Info.Name}', UID {row.Uid}: its octets are gone.");
                continue;
            }

            await list.WriteAsync(MaildirUidList.Line(row.Uid.Value, baseName));
            _messages++;
            _progress?.Report(new WorkProgress($"Exporting {target.Info.Name}", _messages, Math.Max(_total, _messages)));
        }
    }

    private static async Task<bool> WriteAsync(Target target, MessageRow row, string baseName, ulong flagWord, CancellationToken cancellationToken)
    {
        await using var content = await target.Mailbox.OpenContentAsync(row, cancellationToken);
        if (content is null)
        {
            return false;
        }

        var temporary = Path.Combine(target.Folder, "tmp", baseName);
        await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 64 * 1024))
        {
            await MessageLines.CopyAsync(content, file, cancellationToken);
        }

        File.SetLastWriteTimeUtc(temporary, row.InternalDate.UtcDateTime);
        var keywords = target.Info.Keywords.Where((_, index) => (flagWord >> (8 + index) & 1) != 0);
        File.Move(temporary, Path.Combine(target.Folder, "cur", baseName + target.Flags.Format((SystemFlags)(byte)flagWord, keywords, target.Lost)));
        return true;
    }

    private sealed record Target(Mailbox Mailbox, MailboxInfo Info, string Folder, MaildirFlags Flags, ISet<string> Lost);
}
