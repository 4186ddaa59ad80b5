using System.Text;
using MailCore.Hosting;
using MailCore.Storage.Sqlite;
using MailCore.Tls;

namespace MailServerSample.Verbs;

/// <summary>One of a verb's options.</summary>
internal sealed record VerbOption(string Name, string Value, string Text);

/// <summary>Something to do with the mail folder instead of serving it. Exit code 0 when all is well, 2 when something was found wrong, 1 when it can't be done.</summary>
/// <param name="Name">The first word of the command line.</param>
/// <param name="Usage">Its options, those that may be left out in brackets.</param>
/// <param name="Text">What it does, and whether the server may run meanwhile.</param>
/// <param name="Options">Its options.</param>
/// <param name="Run">Does it.</param>
internal sealed record Verb(string Name, string Usage, string Text, IReadOnlyList<VerbOption> Options, Func<VerbContext, Task<int>> Run)
{
    /// <summary>Words without dashes that it takes.</summary>
    public int MaxWords { get; init; }

    public static IReadOnlyList<Verb> All { get; } =
    [
        ServerVerbs.Status,
        ServerVerbs.Reload,
        CheckConfigVerb.Verb,
        new("check", "", "Reads every message and says what is wrong; changes nothing. The server may run meanwhile.", [], StoreVerbs.CheckAsync),
        new("rebuild", "", "Makes the index and the counters again from the messages. The server must be stopped.", [], StoreVerbs.RebuildAsync),
        new("compact", "", "Gives the room of deleted messages back to the disk. The server must be stopped.", [], StoreVerbs.CompactAsync),
        new("backup", "--to FOLDER", "Copies the mail folder as it is at this moment; the copy can be put in its place. The server may run meanwhile.",
            [new("to", "FOLDER", "new or empty")], StoreVerbs.BackupAsync),
        AccountVerbs.Verb,
        AliasVerbs.Verb,
        DomainVerbs.Verb,
        QueueVerbs.Verb,
        QuotaVerbs.Verb,
        RelayVerb.Verb,
        DnsVerb.Verb,
        WhereVerb.Verb,
        AdoptVerb.Verb,
        new("import", "--account ADDRESS (--maildir FOLDER | --mbox FILE [--mailbox NAME])",
            "Takes mail of other servers into an account, which is made when it does not exist. The server must be stopped.",
            [
                new("account", "ADDRESS", "whose mail it becomes"),
                new("maildir", "FOLDER", "a Maildir++, with UIDs, keywords and subscriptions where Dovecot wrote it"),
                new("mbox", "FILE", "or an mbox"),
                new("mailbox", "NAME", "where the mbox's messages go; INBOX without it"),
            ], TransferVerbs.ImportAsync),
        new("export", "--account ADDRESS (--maildir FOLDER | --mbox FILE [--mailbox NAME])",
            "Writes an account's mail for other servers. The server must be stopped; from a backup it need not be.",
            [
                new("account", "ADDRESS", "whose mail"),
                new("maildir", "FOLDER", "new or empty: a Maildir++ of everything"),
                new("mbox", "FILE", "or an mbox of one mailbox; must not exist"),
                new("mailbox", "NAME", "that mailbox; INBOX without it"),
            ], TransferVerbs.ExportAsync),
    ];

    public static Verb? Find(string[] args) => All.FirstOrDefault(verb => args is [var first, ..] && first == verb.Name);

    /// <summary>A line for each verb.</summary>
    public static string Summary() => string.Concat(All.Select(static verb => $"  MailServer {verb.Name,-12} {verb.Text}{Environment.NewLine}"));

    public async Task<int> RunAsync(string[] args)
    {
        if (Help.IsWanted(args))
        {
            Console.Out.Write(Describe());
            return 0;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stop.Cancel();
        };
        using var progress = new TerminalProgress(Console.Error, isTerminal: !Console.IsErrorRedirected);
        try
        {
            var arguments = VerbArguments.Parse(this, args[1..]);
            return await Run(new VerbContext(arguments, Appliance.ReadSettings([.. arguments.Configuration]), progress, stop.Token));
        }
        catch (OperationCanceledException)
        {
            progress.Dispose();
            await Console.Error.WriteLineAsync($"{Name} was broken off.");
            return 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MailServerConfigurationException or InvalidDataException or FormatException or CertificateException)
        {
            progress.Dispose();
            await Console.Error.WriteLineAsync($"{Name}: {e.Message}{(e is InvalidDataException { InnerException: { } inner } ? $" {inner.Message} {inner.InnerException?.Message}" : "")}");
            if (e is SqliteStoreException { ResultCode: 0 } && e.Message.Contains("in use", StringComparison.Ordinal))
            {
                await Console.Error.WriteLineAsync("check, backup and quota work while the server runs, and export does on a backup.");
            }

            return 1;
        }
    }

    private string Describe()
    {
        var text = new StringBuilder().AppendLine($"MailServer {Name} {Usage}".TrimEnd()).AppendLine().AppendLine(Text);
        foreach (var option in Options)
        {
            text.AppendLine($"  --{option.Name + " " + option.Value,-18} {option.Text}");
        }

        text.AppendLine().AppendLine("The mail folder is that of the configuration; --Mail:DataFolder=FOLDER names another.");
        if (!Text.Contains("Exit code", StringComparison.Ordinal))
        {
            text.AppendLine("Exit code 0 when all is well, 2 when something was found wrong, 1 when it can't be done.");
        }

        return text.ToString();
    }
}

/// <summary>What a verb works with.</summary>
internal sealed record VerbContext(VerbArguments Arguments, MailServerSettings Settings, TerminalProgress Progress, CancellationToken Stop)
{
    public string Folder => Appliance.FolderOf(Settings);

    /// <summary>Says something for the user to keep.</summary>
    public void Say(string line)
    {
        Progress.Clear();
        Console.Out.WriteLine(line);
    }

    public int Say(IReadOnlyList<StoreProblem> problems, long count)
    {
        foreach (var problem in problems)
        {
            Say($"{problem.Where}: {problem.What}");
        }

        if (count > problems.Count)
        {
            Say($"... and {count - problems.Count} more.");
        }

        return count == 0 ? 0 : 2;
    }
}
