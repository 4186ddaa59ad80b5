using MailCore.InteropTests.Server;

namespace MailCore.InteropTests.Tools;

/// <summary>The small clients of the folder "clients".</summary>
internal static class PythonScript
{
    public static Task<ClientResult> RunAsync(string script, params IEnumerable<string> arguments) => RunAsync(script, TimeSpan.FromMinutes(1), arguments);

    public static Task<ClientResult> RunAsync(string script, TimeSpan timeout, params IEnumerable<string> arguments) => ClientTool.Python.RunAsync(
        [Path.Combine(SourceTree.Root, "tests", "MailCore.InteropTests", "clients", script), .. arguments],
        surroundings: new ClientSurroundings(Variables: new() { ["PYTHONDONTWRITEBYTECODE"] = "1" }, Timeout: timeout));

    public static ChildProcess Start(string script, string folder, params IEnumerable<string> arguments) => ClientTool.Python.Start(
        [Path.Combine(SourceTree.Root, "tests", "MailCore.InteropTests", "clients", script), .. arguments], folder, new() { ["PYTHONDONTWRITEBYTECODE"] = "1" });
}
