using System.Diagnostics;
using System.Globalization;
using MailCore;
using MailCore.Hosting;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MailServerSample.Operation;

/// <summary>Says how the server does: to systemd, with its watchdog where it has one set, and in the mail folder.</summary>
internal sealed partial class Supervision : IAsyncDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(10);

    private readonly SystemdNotifier _systemd = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly MailServer _server;
    private readonly IServerState _store;
    private readonly ILogger _logger;
    private readonly string _folder;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Task _refreshing;
    private readonly Task _watching;
    private ServerStatus _status;
    private bool _isWritten = true;

    public Supervision(IHost host, MailServerSettings settings)
    {
        (_server, _folder) = (host.Services.GetRequiredService<MailServer>(), Appliance.FolderOf(settings));
        _store = host.Services.GetRequiredService<IServerState>();
        _logger = host.Services.GetRequiredService<ILogger<MailServer>>();
        using var process = Process.GetCurrentProcess();
        _status = new ServerStatus
        {
            ProcessId = process.Id,
            StartedAt = ServerStatus.StartOf(process),
            State = "ready",
            HostName = settings.HostName ?? Environment.MachineName,
            Endpoints = [.. _server.Endpoints.Select(static endpoint => $"{endpoint.Name} {endpoint.EndPoint} {endpoint.Tls.Mode}")],
        };
        if (Environment.IsPrivilegedProcess)
        {
            LogPrivileged();
        }

        Change(static status => status);
        _systemd.Ready(Describe());
        _stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() =>
        {
            _systemd.Stopping("Letting sessions finish");
            Change(static status => status with { State = "stopping" });
        });
        _refreshing = RefreshAsync();
        _watching = _systemd.WatchdogInterval is { } interval ? WatchAsync(interval) : Task.CompletedTask;
    }

    public void ReloadBegins()
    {
        _systemd.Reloading();
        Change(static status => status with { State = "reloading" });
    }

    /// <summary>Systemd hears of it when the mail folder tells, so that whoever waited for systemd can read it there.</summary>
    public void ReloadEnds(bool isRefused, IReadOnlyList<string> lines)
    {
        Change(status => status with { State = "ready", Reloads = status.Reloads + 1, LastReloadWasRefused = isRefused, LastReload = lines });
        _systemd.Ready(isRefused ? "The new configuration was refused, the old one goes on" : Describe());
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_refreshing, _watching);
        await _stopping.DisposeAsync();
        _systemd.Dispose();
        _end.Dispose();
        try
        {
            File.Delete(ServerStatus.PathIn(_folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever reads it sees that the process has ended.
        }
    }

    private string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_server.Endpoints.Count} endpoints, {_server.ConnectionCount} sessions{(_status.Queue is { } queue ? $", {queue} items in the queue" : "")}");

    private void Change(Func<ServerStatus, ServerStatus> change)
    {
        lock (_gate)
        {
            _status = change(_status) with { Sessions = _server.ConnectionCount, Queue = _server.Relay?.Queue.Measure().Sum(static lane => lane.Items) };
            try
            {
                _status.Write(_folder);
                _isWritten = true;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A full disk is no reason to stop; it is told once.
                if (_isWritten)
                {
                    LogNotWritten(error.Message);
                }

                _isWritten = false;
            }
        }
    }

    private async Task RefreshAsync()
    {
        using var timer = new PeriodicTimer(Refresh);
        var told = "";
        while (await NextAsync(timer))
        {
            Change(static status => status);
            if (Describe() is var text && text != told && _status.State == "ready")
            {
                _systemd.Status(told = text);
            }
        }
    }

    private async Task WatchAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        do
        {
            if (await IsWellAsync())
            {
                _systemd.Watchdog();
            }
        }
        while (await NextAsync(timer));
    }

    /// <summary>The store answers. That timers run and threads are free shows by the question alone.</summary>
    private async Task<bool> IsWellAsync()
    {
        try
        {
            await _store.GetAsync("watchdog", _end.Token).AsTask().WaitAsync(StorePatience, _end.Token);
            return true;
        }
        catch (Exception error) when (error is IOException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            LogUnwell(error.Message);
            return false;
        }
    }

    private async Task<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_end.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 9002, Level = LogLevel.Warning, Message = "How the server does can't be written into the mail folder: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(EventId = 9008, Level = LogLevel.Warning, Message = "The server runs with all privileges, and needs none: give it a user of its own, and ports below 1024 by a socket unit of systemd or by CAP_NET_BIND_SERVICE")]
    private partial void LogPrivileged();

    [LoggerMessage(EventId = 9003, Level = LogLevel.Error, Message = "The store does not answer, so the watchdog is not told that all is well: {Reason}")]
    private partial void LogUnwell(string reason);
}
