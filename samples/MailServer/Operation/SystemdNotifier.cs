using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace MailServerSample.Operation;

/// <summary>Tells systemd how the service does (sd_notify(3)); without NOTIFY_SOCKET it tells nobody.</summary>
internal sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _place;

    public SystemdNotifier()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } name || name[0] is not ('/' or '@'))
        {
            return;
        }

        // "@" stands for the NUL of a name that is in no folder.
        _place = new UnixDomainSocketEndPoint(name[0] == '@' ? '\0' + name[1..] : name);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        WatchdogInterval = ReadWatchdog(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), Environment.GetEnvironmentVariable("WATCHDOG_PID"), Environment.ProcessId);
    }

    /// <summary>Whether a service manager runs this process: what it prints goes to the journal.</summary>
    public static bool IsService => Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 };

    /// <summary>How often systemd wants to hear that all is well: half of WatchdogSec, as it advises; null for never.</summary>
    public TimeSpan? WatchdogInterval { get; }

    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>Type=notify-reload wants the time, by the clock that never goes back.</summary>
    public void Reloading() => Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}"));

    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={status}");

    public void Watchdog() => Send("WATCHDOG=1");

    public void Dispose() => _socket?.Dispose();

    private static TimeSpan? ReadWatchdog(string? microseconds, string? process, int own) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var time) && time > 1
        && (process is null || process == own.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(time / 2)
            : null;

    private void Send(string state)
    {
        try
        {
            _socket?.SendTo(System.Text.Encoding.UTF8.GetBytes(state), _place!);
        }
        catch (SocketException)
        {
            // Whoever listened has gone; the server is there for others.
        }
    }
}
