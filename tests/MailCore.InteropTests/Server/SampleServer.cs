using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace MailCore.InteropTests.Server;

/// <summary>
/// samples/MailServer as a user runs it, in a folder of its own. All roles listen on free ports of loopback, which are read from
/// the table that it prints.
/// </summary>
internal sealed partial class SampleServer : IAsyncDisposable
{
    public const string Password = "correct horse";

    private static readonly string[] Roles = ["Smtp", "Submission", "Submissions", "Lmtp", "Imap", "Imaps", "Pop3", "Pop3s"];

    // Under nohup, as tests may run, SIGHUP is ignored by every program below, and .NET leaves it so.
    private static readonly string[] HearsHangUp = OperatingSystem.IsLinux() ? ["env", "--default-signal=HUP"] : [];
    private readonly Dictionary<string, int> _ports = [];

    private readonly bool _ownsFolder;

    private SampleServer(ChildProcess process, string folder, bool ownsFolder) => (Process, Folder, _ownsFolder) = (process, folder, ownsFolder);

    public ChildProcess Process { get; }

    /// <summary>Its current folder; mail is in "data" below it.</summary>
    public string Folder { get; }

    public string DataFolder => Path.Combine(Folder, "data");

    public int Smtp => _ports["smtp"];

    public int Submission => _ports["submission"];

    public int Submissions => _ports["submissions"];

    public int Lmtp => _ports["lmtp"];

    public int Imap => _ports["imap"];

    public int Imaps => _ports["imaps"];

    public int Pop3 => _ports["pop3"];

    public int Pop3s => _ports["pop3s"];

    /// <summary>The port of an endpoint by its name: a second one of a role is "smtp-2".</summary>
    public int Port(string endpoint) => _ports[endpoint];

    /// <summary>Starts it with these accounts, all with <see cref="Password"/>.</summary>
    public static Task<SampleServer> StartAsync(params string[] accounts) => StartAsync(new SampleSetUp { Accounts = accounts });

    public static async Task<SampleServer> StartAsync(SampleSetUp setUp)
    {
        var folder = setUp.Folder ?? SourceTree.NewFolder();
        var program = setUp.Program ?? ChildProcess.Dotnet(SourceTree.Program("samples/MailServer"));
        var process = ChildProcess.Start([.. HearsHangUp, .. setUp.Wrapper ?? [], .. program, .. Arguments(setUp)], folder, setUp.Variables);
        var server = new SampleServer(process, folder, ownsFolder: setUp.Folder is null);
        try
        {
            // The table ends with an empty line.
            await process.WaitForOutputAsync(output => Table().Match(output) is { Success: true } table && server.ReadPorts(table));
            return server;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public static IEnumerable<string> ListenerArguments(params IEnumerable<string> roles) => roles.SelectMany((role, index) => new[]
    {
        $"--Mail:Listeners:{index}:Role={role}", $"--Mail:Listeners:{index}:Address=127.0.0.1", $"--Mail:Listeners:{index}:Port=0",
    });

    /// <summary>Stops it as a service manager does.</summary>
    public Task<int> StopAsync() => Process.EndAsync(PosixSignal.SIGTERM);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            TestContext.Out.WriteLine(Process.Output);

        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }

    private static List<string> Arguments(SampleSetUp setUp)
    {
        List<string> arguments = setUp.AllRoles ? [.. ListenerArguments(Roles), "--Mail:MaxConnectionsPerAddress=5000"] : [];
        foreach (var (index, account) in setUp.Accounts.Index())
            arguments.AddRange([$"--Mail:Accounts:{index}:Address={account}", $"--Mail:Accounts:{index}:Password={Password}"]);

        return [.. arguments, .. setUp.Arguments];
    }

    private bool ReadPorts(Match table)
    {
        foreach (Match row in Row().Matches(table.Value))
            _ports[row.Groups["name"].Value] = int.Parse(row.Groups["port"].Value, CultureInfo.InvariantCulture);

        return true;
    }

    [GeneratedRegex(@"^  Endpoint +Purpose +Protocol +Port +Encryption +Address\n(  \S.*\n)+(?=\n|$)", RegexOptions.Multiline)]
    private static partial Regex Table();

    [GeneratedRegex(@"^  (?<name>[a-z0-9-]+) +\S.*? +(?:SMTP|LMTP|IMAP|POP3) +(?<port>\d+) ", RegexOptions.Multiline)]
    private static partial Regex Row();
}

/// <summary>How a sample server is to be started.</summary>
internal sealed record SampleSetUp
{
    public IReadOnlyList<string> Accounts { get; init; } = [];

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether all roles listen on free ports; otherwise the arguments say what does.</summary>
    public bool AllRoles { get; init; } = true;

    /// <summary>Null for a new one, which goes with the server.</summary>
    public string? Folder { get; init; }

    public Dictionary<string, string>? Variables { get; init; }

    /// <summary>Another one than what was built together with the tests.</summary>
    public string[]? Program { get; init; }

    /// <summary>A program, with its arguments, that runs the server.</summary>
    public string[]? Wrapper { get; init; }
}
