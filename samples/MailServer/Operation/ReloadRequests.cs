using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace MailServerSample.Operation;

/// <summary>Wishes to read the configuration anew, by SIGHUP and by changed files; those that come before somebody listens are kept.</summary>
internal sealed class ReloadRequests : IDisposable
{
    private readonly Channel<string> _requests = Channel.CreateBounded<string>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly PosixSignalRegistration? _signal;
    private readonly bool _hasTerminal = !Console.IsOutputRedirected && !OperatingSystem.IsWindows();
    private volatile Action? _hungUp;
    private FileSystemWatcher? _watcher;

    public ReloadRequests()
    {
        if (!OperatingSystem.IsWindows())
        {
            _signal = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Handle);
        }
    }

    public ChannelReader<string> Reader => _requests.Reader;

    /// <summary>What to do when the terminal has gone, with whoever sat before it; it is the same signal.</summary>
    public void OnHangUp(Action stop) => _hungUp = stop;

    /// <summary>Why files are not watched; null where they are.</summary>
    public string? WatchProblem { get; private set; }

    /// <summary>Takes note of changes of the settings files in a folder from now on: to be called before they are read.</summary>
    public void Watch(string folder)
    {
        try
        {
            // Not the folders below: mail may be there.
            _watcher = new FileSystemWatcher(folder, "appsettings*.json") { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName | NotifyFilters.Size };
            _watcher.Changed += (_, change) => Add($"{change.Name} changed");
            _watcher.Created += (_, change) => Add($"{change.Name} changed");
            _watcher.Deleted += (_, change) => Add($"{change.Name} changed");
            _watcher.Renamed += (_, change) => Add($"{change.Name} changed");
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception error) when (error is IOException or ArgumentException)
        {
            WatchProblem = error.Message;
        }
    }

    public void Dispose()
    {
        _watcher?.Dispose();
        _signal?.Dispose();
    }

    private void Add(string reason) => _requests.Writer.TryWrite(reason);

    private void Handle(PosixSignalContext context)
    {
        if (_hasTerminal && !IsTerminalThere())
        {
            context.Cancel = _hungUp is not null;
            _hungUp?.Invoke();
            return;
        }

        context.Cancel = true;
        Add("SIGHUP");
    }

    private static bool IsTerminalThere()
    {
        try
        {
            File.OpenHandle("/dev/tty").Dispose();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
