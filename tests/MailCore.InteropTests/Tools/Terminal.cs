namespace MailCore.InteropTests.Tools;

/// <summary>Runs a program that insists on a terminal, in one that nobody looks at.</summary>
internal static class Terminal
{
    private static readonly ClientTool Script = new("script", "bsdutils");

    public static Task<ClientResult> RunAsync(string command, ClientSurroundings surroundings) =>
        Script.RunAsync(["--quiet", "--return", "--command", command, "/dev/null"], surroundings: surroundings with
        {
            Variables = new(surroundings.Variables ?? []) { ["TERM"] = "xterm", ["LINES"] = "24", ["COLUMNS"] = "80" },
        });
}
