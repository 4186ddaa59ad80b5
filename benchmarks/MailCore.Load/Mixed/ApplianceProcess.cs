using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MailCore.Load.Linux;

namespace MailCore.Load.Mixed;

/// <summary>samples/MailServer as its user runs it: a folder with appsettings.json, accounts made by its verbs, its log on standard output.</summary>
internal sealed partial class ApplianceProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(1);
    private static readonly string[] Roles = ["Smtp", "Submission", "Submissions", "Imap", "Imaps", "Pop3", "Pop3s"];
    private readonly Process _process;
    private readonly ServerLog _log;
    private readonly Dictionary<string, int> _ports = [];
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ApplianceProcess(Process process, ServerLog log) => (_process, _log) = (process, log);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public IReadOnlyDictionary<string, int> Ports => _ports;

    /// <summary>Writes its configuration: all roles on free ports of loopback, and a smart host that takes what leaves.</summary>
    public static Task ConfigureAsync(string folder, int smartHost, CancellationToken cancellationToken)
    {
        var settings = new
        {
            Logging = new { LogLevel = new { Default = "Warning" }, Console = new { FormatterName = "json" } },
            Mail = new
            {
                HostName = $"mx.{MixedSite.Domain}",
                Domains = new[] { MixedSite.Domain },
                MaxConnectionsPerAddress = 200,
                Relay = new
                {
                    Enabled = true,
                    MinimumDelay = "00:00:05",
                    MaximumDelay = "00:00:20",
                    SmartHosts = new[] { new { Host = string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{smartHost}"), Tls = "Encrypt" } },
                },
                Listeners = Roles.Select(role => new { Role = role, Address = "localhost", Port = 0 }),
            },
        };
        return File.WriteAllTextAsync(Path.Combine(folder, "appsettings.json"), JsonSerializer.Serialize(settings), cancellationToken);
    }

    /// <summary>One of its verbs, in its folder.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static async Task<string> RunVerbAsync(string program, string folder, string[] words, string input = "")
    {
        using var process = Process.Start(StartOf(program, folder, words))!;
        await process.StandardInput.WriteLineAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new IOException($"MailServer {string.Join(' ', words)} failed: {await error}");
    }

    public static async Task<ApplianceProcess> StartAsync(string program, string folder, ServerLog log, CancellationToken cancellationToken)
    {
        var process = new Process { StartInfo = StartOf(program, folder, []), EnableRaisingEvents = true };
        var server = new ApplianceProcess(process, log);
        process.OutputDataReceived += (_, line) => server.Take(line.Data);
        process.ErrorDataReceived += (_, line) => log.AddPlain(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await server._started.Task.WaitAsync(StartTime, cancellationToken);
            return server;
        }
        catch (TimeoutException)
        {
            await server.DisposeAsync();
            throw new IOException($"{program} does not start: {log.Last}");
        }
    }

    /// <summary>Stops it as a service manager does.</summary>
    /// <exception cref="IOException">It does not stop.</exception>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            LibC.Signal(_process.Id, Terminate);
        }

        using var patience = new CancellationTokenSource(StopTime);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new IOException("The server does not stop.");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static ProcessStartInfo StartOf(string program, string folder, IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [program, .. words])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(static name => name.StartsWith("Mail__", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Logging__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        return start;
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (line.StartsWith('{'))
        {
            _log.AddJson(line);
        }
        else if (Endpoint().Match(line) is { Success: true } row)
        {
            _ports[row.Groups["name"].Value] = int.Parse(row.Groups["port"].Value, CultureInfo.InvariantCulture);
            if (_ports.Count == Roles.Length)
            {
                _started.TrySetResult();
            }
        }
    }

    // A row of the table that it prints: name, purpose, protocol, port, encryption, address.
    [GeneratedRegex(@"^  (?<name>[a-z0-9-]+) +\S.*? +(?:SMTP|IMAP|POP3) +(?<port>\d+) ")]
    private static partial Regex Endpoint();
}
