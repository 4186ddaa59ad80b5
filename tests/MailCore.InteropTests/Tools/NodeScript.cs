using MailCore.InteropTests.Server;

namespace MailCore.InteropTests.Tools;

/// <summary>The small clients of the folder "clients" that run in Node, with packages of npm in artifacts/npm.</summary>
internal static class NodeScript
{
    private static string Packages => Path.Combine(SourceTree.Root, "artifacts", "npm", "node_modules");

    /// <summary>Ends the test as <see cref="ClientTool.Require"/> does, where Node or the package is missing.</summary>
    public static void Require(string package)
    {
        ClientTool.Node.Require();
        if (!Directory.Exists(Path.Combine(Packages, package)))
            ClientTool.Miss($"The npm package '{package}' is missing; run: npm install --prefix artifacts/npm {package}");
    }

    public static ChildProcess Start(string script, string folder, params IEnumerable<string> arguments) => ClientTool.Node.Start(
        [Path.Combine(SourceTree.Root, "tests", "MailCore.InteropTests", "clients", script), .. arguments], folder, new() { ["NODE_PATH"] = Packages });
}
