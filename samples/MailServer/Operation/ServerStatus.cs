using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace MailServerSample.Operation;

/// <summary>How a server does, as it says in the mail folder for the verbs "status" and "reload".</summary>
internal sealed record ServerStatus
{
    private const string Name = "server.status";

    public required int ProcessId { get; init; }

    /// <summary>Of the process: its number alone may be another's by now.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>"ready", "reloading" or "stopping".</summary>
    public required string State { get; init; }

    public required string HostName { get; init; }

    /// <summary>"name address TLS".</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    public int Sessions { get; init; }

    /// <summary>Items in the relay's queue; null without a relay.</summary>
    public int? Queue { get; init; }

    /// <summary>Reloads so far, refused ones included.</summary>
    public int Reloads { get; init; }

    public bool LastReloadWasRefused { get; init; }

    /// <summary>What came of the last one, a line each.</summary>
    public IReadOnlyList<string> LastReload { get; init; } = [];

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <summary>That of a process that is alive; null where there is none.</summary>
    public static ServerStatus? ReadLiving(string folder) => Read(folder) is { } status && status.IsAlive() ? status : null;

    /// <summary>Whole or not at all, for the owner alone.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Write(string folder)
    {
        var text = new StringBuilder().AppendLine("# How the server does; written by it, read by MailServer status.");
        Line("pid", ProcessId.ToString(CultureInfo.InvariantCulture));
        Line("started", StartedAt.ToString("O", CultureInfo.InvariantCulture));
        Line("state", State);
        Line("host", HostName);
        Line("sessions", Sessions.ToString(CultureInfo.InvariantCulture));
        if (Queue is { } queue)
        {
            Line("queue", queue.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var endpoint in Endpoints)
        {
            Line("endpoint", endpoint);
        }

        Line("reloads", Reloads.ToString(CultureInfo.InvariantCulture));
        Line("refused", LastReloadWasRefused ? "yes" : "no");
        foreach (var line in LastReload)
        {
            Line("reload", line);
        }

        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = PathIn(folder) + ".new";
        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(text);
        }

        File.Move(temporary, PathIn(folder), overwrite: true);

        void Line(string key, string value) => text.Append(key).Append('=').AppendLine(value.ReplaceLineEndings(" "));
    }

    public static DateTimeOffset StartOf(Process process) => new(process.StartTime.ToUniversalTime(), TimeSpan.Zero);

    private static ServerStatus? Read(string folder)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(PathIn(folder));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var values = lines.Where(static line => line.Contains('=', StringComparison.Ordinal))
            .ToLookup(static line => line.Split('=')[0], static line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..], StringComparer.Ordinal);
        return int.TryParse(values["pid"].FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && DateTimeOffset.TryParse(values["started"].FirstOrDefault(), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var started)
            ? new ServerStatus
            {
                ProcessId = pid,
                StartedAt = started,
                State = values["state"].FirstOrDefault() ?? "",
                HostName = values["host"].FirstOrDefault() ?? "",
                Endpoints = [.. values["endpoint"]],
                Sessions = Number("sessions") ?? 0,
                Queue = Number("queue"),
                Reloads = Number("reloads") ?? 0,
                LastReloadWasRefused = values["refused"].Contains("yes"),
                LastReload = [.. values["reload"]],
            }
            : null;

        int? Number(string key) => int.TryParse(values[key].FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return (StartOf(process) - StartedAt).Duration() < TimeSpan.FromSeconds(2);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
