using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests.Packages;

/// <summary>The SDK's command.</summary>
internal static class DotnetCommand
{
    /// <summary>
    /// Runs it to its end; fails with what it printed when it fails. It starts nothing that stays behind: a compiler or build server
    /// would keep its output open.
    /// </summary>
    public static async Task<string> RunAsync(string folder, params string[] words)
    {
        var variables = new Dictionary<string, string>
        {
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["DOTNET_NOLOGO"] = "1",
        };
        await using var process = ChildProcess.Start(ChildProcess.Dotnet(words), folder, variables);
        var code = await process.WaitForExitAsync(TimeSpan.FromMinutes(9));
        Assert.That(code, Is.Zero, $"dotnet {string.Join(' ', words)}\n{process.Output}");
        return process.Output;
    }
}
