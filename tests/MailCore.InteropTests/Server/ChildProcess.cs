using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MailCore.InteropTests.Server;

/// <summary>A program that runs beside the tests; what it prints is kept. Disposal kills it if it still runs.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _openStreams = 2;

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public string Output
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _lines);
        }
    }

    public bool HasEnded => _ended.Task.IsCompleted;

    /// <summary>The words <c>dotnet arguments</c>, of the dotnet that runs the tests.</summary>
    public static string[] Dotnet(params string[] arguments) => [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", .. arguments];

    /// <summary>Starts <c>dotnet program arguments</c>, behind the words of <paramref name="wrapper"/> if there are any.</summary>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, string folder, Dictionary<string, string>? variables = null, string[]? wrapper = null) =>
        Start([.. wrapper ?? [], .. Dotnet(program), .. arguments], folder, variables);

    /// <summary>Starts a program of the machine.</summary>
    public static ChildProcess Start(string[] words, string folder, Dictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList())
            start.Environment.Remove(name);

        foreach (var (name, value) in variables ?? [])
            start.Environment[name] = value;

        var server = new ChildProcess(new Process { StartInfo = start, EnableRaisingEvents = true });
        server._process.OutputDataReceived += (_, line) => server.Add(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Add(line.Data);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Waits until what was printed satisfies the condition; fails when the process ends before, or takes longer than a minute or what is given.</summary>
    public async Task WaitForOutputAsync(Func<string, bool> condition, TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? TimeSpan.FromMinutes(1));
        while (true)
        {
            Task grown;
            lock (_gate)
                grown = _grown.Task;

            var ended = _ended.Task.IsCompleted;
            if (condition(Output))
                return;

            if (ended)
                throw new InvalidOperationException($"The process ended:\n{Output}");

            await Task.WhenAny(grown, _ended.Task, Task.Delay(Timeout.Infinite, timeout.Token));
            if (timeout.IsCancellationRequested)
                throw new TimeoutException($"The process did not print what was expected:\n{Output}");
        }
    }

    /// <summary>Writes a line to its standard input.</summary>
    public async Task SendLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Sends a signal and returns the exit code.</summary>
    public async Task<int> EndAsync(PosixSignal signal)
    {
        if (!_process.HasExited)
            Signal(signal switch { PosixSignal.SIGTERM => 15, PosixSignal.SIGINT => 2, _ => throw new ArgumentOutOfRangeException(nameof(signal)) });

        return await WaitForExitAsync();
    }

    public async Task<int> WaitForExitAsync(TimeSpan? timeout = null)
    {
        await _process.WaitForExitAsync().WaitAsync(timeout ?? TimeSpan.FromMinutes(1));
        await _ended.Task.WaitAsync(TimeSpan.FromMinutes(1));
        return _process.ExitCode;
    }

    /// <summary>kill -HUP.</summary>
    public void HangUp() => Signal(1);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            Signal(9);

        await _process.WaitForExitAsync();
    }

    /// <summary>A value of /proc/PID/status in kB: VmHWM is the most memory the process ever had resident, VmRSS what it has now.</summary>
    public int ReadMemory(string name) =>
        File.ReadLines($"/proc/{Id}/status").Where(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            .Select(line => int.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture)).Single();

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    // Settings of the test runner, and of whoever runs it, are not the server's.
    private static bool IsForeign(string name) =>
        name.StartsWith("Mail__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Logging__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
        || name is "DOTNET_ENVIRONMENT" or "DOTNET_gcServer" or "DOTNET_STARTUP_HOOKS";

    private void Add(string? line)
    {
        lock (_gate)
        {
            if (line is null)
            {
                if (--_openStreams == 0)
                    _ended.TrySetResult();

                return;
            }

            _lines.Add(line);
            _grown.TrySetResult();
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Signal(int number)
    {
        if (Kill(_process.Id, number) != 0)
            throw new InvalidOperationException($"kill({_process.Id}, {number}) failed.");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
