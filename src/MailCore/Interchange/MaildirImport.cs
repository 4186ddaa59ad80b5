using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Takes a Maildir++ as Dovecot and others leave it into an account: mailboxes, messages, flags, keywords, internal dates,
/// subscriptions; from dovecot-uidlist and dovecot-keywords also UIDVALIDITY, UIDs and UIDNEXT, so that clients go on without noticing.
/// Nobody may deliver into the Maildir meanwhile. An import that broke off goes on where it was when it is run again.
/// </summary>
/// <param name="account">Best one that has not been used: an INBOX that has held messages keeps its own UIDVALIDITY, and is left alone.</param>
/// <param name="folder">With the inbox's "cur" and "new"; other mailboxes are folders in it that begin with a dot. Only read.</param>
public sealed class MaildirImport(MailAccount account, string folder)
{
    private static readonly string[] Parts = ["cur", "new"];

    private readonly List<string> _problems = [];
    private long _mailboxes;
    private long _messages;
    private long _read;
    private long _total;
    private IProgress<WorkProgress>? _progress;

    /// <summary>Imports everything.</summary>
    /// <param name="progress">Told of messages.</param>
    /// <param name="cancellationToken">Stops between messages; those committed stay.</param>
    /// <exception cref="DirectoryNotFoundException">There is no Maildir in the folder.</exception>
    public async Task<TransferReport> RunAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (!IsMailbox(folder))
        {
            throw new DirectoryNotFoundException($"'{folder}' is no Maildir: it has no folder 'cur'.");
        }

        _progress = progress;
        var mailboxes = FindMailboxes();
        _total = mailboxes.Sum(static mailbox => Files(mailbox.Folder).LongCount());
        foreach (var (name, path) in mailboxes)
        {
            await ImportAsync(name, path, cancellationToken);
        }

        foreach (var name in MaildirSubscriptions.Read(folder))
        {
            await account.SubscribeAsync(name, on: true, cancellationToken);
        }

        return new TransferReport(_mailboxes, _messages, _problems);
    }

    private static bool IsMailbox(string path) => Directory.Exists(Path.Combine(path, "cur"));

    // What Maildir calls new has no flags yet and comes last.
    private static IEnumerable<string> Files(string path) =>
        Parts.Select(part => Path.Combine(path, part)).Where(Directory.Exists).SelectMany(Directory.EnumerateFiles)
            .Where(static file => !Path.GetFileName(file).StartsWith('.'));

    private List<(MailboxName Name, string Folder)> FindMailboxes()
    {
        List<(MailboxName, string)> found = [(MailboxName.Inbox, folder)];
        foreach (var path in Directory.EnumerateDirectories(folder, ".*").Order(StringComparer.Ordinal).Where(IsMailbox))
        {
            if (!MaildirNames.TryParse(Path.GetFileName(path), out var name))
            {
                _problems.Add($"{path} has no name that a mailbox can have.");
            }
            else if (name.IsInbox)
            {
                _problems.Add($"{path} is a second INBOX; it was left out.");
            }
            else
            {
                found.Add((name, path));
            }
        }

        return found;
    }

    private async Task ImportAsync(MailboxName name, string path, CancellationToken cancellationToken)
    {
        var uids = MaildirUidList.Read(path);
        var (opened, problem) = await MailboxImport.OpenAsync(account, name, uids.UidValidity, cancellationToken);
        if (opened is null)
        {
            _problems.Add(problem!);
            return;
        }

        await using var import = opened;
        var flags = MaildirFlags.Read(path);
        _problems.AddRange(flags.Refused.Select(keyword => $"Mailbox '{name}': '{keyword}' can't be a keyword in IMAP; it was left out."));
        var step = $"Importing {name}";
        var hasNew = false;
        foreach (var (file, uid) in Order(path, uids))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (uid is null || uid >= import.UidNext)
            {
                await AddAsync(import, file, uid, flags, cancellationToken);
            }

            hasNew |= Path.GetFileName(Path.GetDirectoryName(file)) == "new";
            _progress?.Report(new WorkProgress(step, ++_read, Math.Max(_total, _read)));
        }

        await import.RaiseUidNextAsync(uids.UidNext, cancellationToken);
        if (!hasNew)
        {
            // Somebody has seen all of these before.
            await import.Mailbox.ClaimRecentAsync(cancellationToken);
        }

        _mailboxes++;
        _messages += import.Messages;
    }

    // Those without a UID get theirs behind the others, in the order in which they came.
    private static List<(string File, uint? Uid)> Order(string path, MaildirUidList uids)
    {
        var files = Files(path).Select(file => (File: file, Uid: uids.Find(MaildirFlags.BaseName(Path.GetFileName(file))))).ToList();
        return
        [
            .. files.Where(static file => file.Uid is not null).OrderBy(static file => file.Uid),
            .. files.Where(static file => file.Uid is null).OrderBy(static file => File.GetLastWriteTimeUtc(file.File)).ThenBy(static file => file.File, StringComparer.Ordinal),
        ];
    }

    private async Task AddAsync(MailboxImport import, string file, uint? uid, MaildirFlags flags, CancellationToken cancellationToken)
    {
        var (system, keywords) = flags.Parse(Path.GetFileName(file));
        try
        {
            var date = new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
            await using var octets = new LineEndStream(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, useAsync: false));
            await import.AddAsync(octets, new ImportedMessage(system, keywords, date) { Uid = uid }, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            _problems.Add($"{file} can't be read: {e.Message}");
        }
    }
}
