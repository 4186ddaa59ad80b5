using System.Runtime.InteropServices;
using MailCore.Load.Mailboxes;
using MailCore.Load.Outbound;
using MailCore.Load.Report;

namespace MailCore.Load;

/// <summary>The driver itself: rows in, tables out; children and folders are gone when it ends, however it ends.</summary>
internal static class LoadCommand
{
    private const int Failed = 1;
    private const int WrongUsage = 2;
    private const int Cancelled = 130;

    public static async Task<int> RunAsync(string[] arguments)
    {
        LoadOptions options;
        LoadRows rows;
        try
        {
            options = LoadOptions.Parse(arguments);
            rows = LoadRows.Select(options.Rows);
        }
        catch (FormatException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return WrongUsage;
        }

        if (options.Help)
        {
            Console.WriteLine(LoadOptions.Usage);
            return 0;
        }

        if (options.List)
        {
            Console.WriteLine(string.Join(Environment.NewLine, LoadRows.Names));
            return 0;
        }

        using var cancellation = new CancellationTokenSource();
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            cancellation.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        return await RunRowsAsync(rows, options, cancellation.Token);
    }

    private static async Task<int> RunRowsAsync(LoadRows rows, LoadOptions options, CancellationToken cancellationToken)
    {
        var results = new List<RowResult>();
        var mailboxes = new List<MailboxResult>();
        var relays = new List<RelayResult>();
        var root = default(string);
        var code = 0;
        try
        {
            root = CreateFolder(options.Data, rows);
            foreach (var row in rows.Smtp)
            {
                results.Add(await new RowRun(row, options, Path.Combine(root, row.Name)).RunAsync(cancellationToken));
            }

            foreach (var row in rows.Mailboxes)
            {
                mailboxes.Add(await new MailboxRun(row, options, Path.Combine(root, row.Name)).RunAsync(cancellationToken));
            }

            foreach (var row in rows.Relays)
            {
                relays.Add(await new RelayRun(row, options, Path.Combine(root, row.Name)).RunAsync(cancellationToken));
            }
        }
        catch (Exception error) when (error is OperationCanceledException || cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Cancelled.");
            code = Cancelled;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            code = Failed;
        }
        finally
        {
            if (root is not null)
            {
                Directory.Delete(root, recursive: true);
            }
        }

        if (results.Count > 0)
        {
            Console.Write(LoadTable.Of(results, options));
        }

        if (mailboxes.Count > 0)
        {
            Console.Write(MailboxTable.Of(mailboxes, options));
        }

        if (relays.Count > 0)
        {
            Console.Write(RelayTable.Of(relays, options));
        }

        return code;
    }

    private static string CreateFolder(string? parent, LoadRows rows)
    {
        var root = parent is null
            ? Directory.CreateTempSubdirectory("mailcore-load-").FullName
            : Directory.CreateDirectory(Path.Combine(Path.GetFullPath(parent), $"mailcore-load-{Environment.ProcessId}")).FullName;
        // Peers have users of their own, who must be able to come to their folders.
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        if (rows.NeedDisk && new DriveInfo(root).DriveFormat is "tmpfs" or "ramfs")
        {
            Directory.Delete(root);
            throw new IOException($"{root} lies in memory, where fdatasync costs nothing. Give a folder on a disk with --data.");
        }

        return root;
    }
}

/// <summary>The rows to measure.</summary>
internal sealed record LoadRows(IReadOnlyList<LoadRow> Smtp, IReadOnlyList<MailboxRow> Mailboxes, IReadOnlyList<RelayRow> Relays)
{
    public static IEnumerable<string> Names => [.. LoadRow.All.Select(row => row.Name), .. MailboxRow.All.Select(row => row.Name), .. RelayRow.All.Select(row => row.Name)];

    public bool NeedDisk => Mailboxes.Count + Relays.Count > 0 || Smtp.Any(row => row.Sink == SinkKind.Durable);

    /// <summary>The rows whose names start with one of the words given; without words, SMTP over kept connections.</summary>
    /// <exception cref="FormatException">A word names no row.</exception>
    public static LoadRows Select(IReadOnlyList<string> words) =>
        words.FirstOrDefault(word => LoadRow.Select([word]).Count + MailboxRow.Select([word]).Count + RelayRow.Select([word]).Count == 0) is { } unknown
            ? throw new FormatException($"No row is named {unknown}. The rows are: {string.Join(", ", Names)}.")
            : new LoadRows(words.Count > 0 && words.All(word => LoadRow.Select([word]).Count == 0) ? [] : LoadRow.Select(words), MailboxRow.Select(words), RelayRow.Select(words));
}
