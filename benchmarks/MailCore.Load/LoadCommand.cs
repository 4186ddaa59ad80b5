using System.Runtime.InteropServices;
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
        IReadOnlyList<LoadRow> rows;
        try
        {
            options = LoadOptions.Parse(arguments);
            rows = LoadRow.Select(options.Rows);
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
            Console.WriteLine(string.Join(Environment.NewLine, LoadRow.All.Select(row => row.Name)));
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

    private static async Task<int> RunRowsAsync(IReadOnlyList<LoadRow> rows, LoadOptions options, CancellationToken cancellationToken)
    {
        var results = new List<RowResult>();
        var root = default(string);
        var code = 0;
        try
        {
            root = CreateFolder(options.Data, rows);
            foreach (var row in rows)
            {
                results.Add(await new RowRun(row, options, Path.Combine(root, row.Name)).RunAsync(cancellationToken));
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

        return code;
    }

    private static string CreateFolder(string? parent, IReadOnlyList<LoadRow> rows)
    {
        var root = parent is null
            ? Directory.CreateTempSubdirectory("mailcore-load-").FullName
            : Directory.CreateDirectory(Path.Combine(Path.GetFullPath(parent), $"mailcore-load-{Environment.ProcessId}")).FullName;
        if (rows.Any(row => row.Sink == SinkKind.Durable) && new DriveInfo(root).DriveFormat is "tmpfs" or "ramfs")
        {
            Directory.Delete(root);
            throw new IOException($"{root} lies in memory, where fdatasync costs nothing. Give a folder on a disk with --data.");
        }

        return root;
    }
}
