using System.Globalization;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Faults;

/// <summary>tests/MailCore.StoreHost, run to its end; it fills and lists folders, see there.</summary>
internal static class StoreHost
{
    private static readonly ClientTool Dotnet = new(Path.GetFileName(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet"), "dotnet");

    public static string Program => SourceTree.Program("tests/MailCore.StoreHost");

    public static async Task<StoreRun> RunAsync(params string[] words) => new(await Dotnet.RunAsync([Program, .. words], surroundings: new ClientSurroundings(Timeout: TimeSpan.FromMinutes(2))));

    /// <summary>The same under strace, with its options.</summary>
    public static async Task<StoreRun> TraceAsync(string[] options, params string[] words) =>
        new(await ClientTool.Strace.RunAsync(["-f", "-qq", .. options, "dotnet", Program, .. words], surroundings: new ClientSurroundings(Timeout: TimeSpan.FromMinutes(2))));

    /// <summary>What a folder holds: "account name" for each message; fails when it does not open, or a message is damaged.</summary>
    public static async Task<List<string>> ListAsync(string folder)
    {
        var run = await RunAsync("list", folder);
        Assert.That(run.Lines, Has.Some.EndsWith(" END"), run.Text);
        Assert.That(run.Text, Does.Not.Contain("DAMAGED"));
        return [.. run.Lines.Where(static line => line.Split(' ').Length == 3).Select(static line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..])];
    }

    /// <summary>The accounts that message number <paramref name="number"/> is for; see Filling in the host.</summary>
    public static IEnumerable<string> AccountsOf(int number) =>
        (number % 5 == 4 ? Enumerable.Range(0, 3) : [number % 3]).Select(static account => $"user{account}@example.org");

    /// <summary>The lines of <see cref="ListAsync"/> that these messages make.</summary>
    public static IEnumerable<string> Expected(IEnumerable<string> names) =>
        names.SelectMany(static name => AccountsOf(int.Parse(name.AsSpan(name.LastIndexOf('.') + 1), CultureInfo.InvariantCulture)).Select(account => $"{account} {name}"));
}

/// <summary>What the host printed.</summary>
internal sealed class StoreRun(ClientResult result)
{
    public int ExitCode => result.ExitCode;

    public string Text => result.Text + result.Errors;

    public string[] Lines => result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public bool IsDone => Lines.Contains("DONE");

    /// <summary>Names of messages whose commit returned.</summary>
    public string[] Acknowledged => [.. Lines.Where(static line => line.StartsWith("ACK ", StringComparison.Ordinal)).Select(static line => line.Split(' ')[1])];
}
