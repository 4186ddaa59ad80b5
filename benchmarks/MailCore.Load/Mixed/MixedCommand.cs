using System.Runtime.InteropServices;

namespace MailCore.Load.Mixed;

/// <summary>The verb: folders, signals and exit code around <see cref="MixedRun"/>.</summary>
internal static class MixedCommand
{
    private const int Failed = 1;
    private const int WrongUsage = 2;
    private const int Cancelled = 130;

    public static async Task<int> RunAsync(string[] arguments)
    {
        MixedOptions options;
        try
        {
            options = MixedOptions.Parse(arguments);
        }
        catch (FormatException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return WrongUsage;
        }

        if (options.Help)
        {
            Console.WriteLine(MixedOptions.Usage);
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
        var root = options.Data is null ? Directory.CreateTempSubdirectory("mailcore-mixed-") : Directory.CreateDirectory(Path.Combine(Path.GetFullPath(options.Data), $"mailcore-mixed-{Environment.ProcessId}"));

        // Postfix has users of its own.
        File.SetUnixFileMode(root.FullName, File.GetUnixFileMode(root.FullName) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        try
        {
            var result = await new MixedRun(options, root.FullName).RunAsync(cancellation.Token);
            Console.Write(MixedReport.Of(result, options));
            return result.IsGood ? 0 : Failed;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Cancelled.");
            return Cancelled;
        }
        catch (Exception error) when (error is IOException or UnexpectedReplyException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return Failed;
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
