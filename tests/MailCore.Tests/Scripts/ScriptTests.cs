using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Scripts;

/// <summary>Plays every file of tests/scripts, each in all its ways.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ScriptTests
{
    [TestCaseSource(nameof(Plays))]
    public async Task Script(string protocol, string file, ScriptPlay play)
    {
        var script = ProtocolScript.Load(Path.Combine(ScriptFiles.Root, protocol, file));
        await using var host = CreateHost(protocol, script);
        await host.StartAsync();
        await script.RunAsync(play, host.ConnectAsync);
    }

    private static IEnumerable<TestCaseData> Plays()
    {
        foreach (var protocol in ScriptFiles.Protocols())
        {
            foreach (var path in ScriptFiles.Of(protocol))
            {
                var file = Path.GetFileName(path);
                foreach (var play in PlaysOf(path))
                {
                    yield return new TestCaseData(protocol, file, play).SetName($"{protocol}/{Path.GetFileNameWithoutExtension(file)}({play})");
                }
            }
        }
    }

    private static IReadOnlyList<ScriptPlay> PlaysOf(string path)
    {
        try
        {
            return ProtocolScript.Load(path).Plays;
        }
        catch (ScriptFailureException)
        {
            // Loading it again in the test shows why.
            return [ScriptPlay.Whole];
        }
    }

    private static IScriptHost CreateHost(string protocol, ProtocolScript script)
    {
        var name = $"{typeof(ScriptTests).Namespace}.{char.ToUpperInvariant(protocol[0])}{protocol[1..]}ScriptHost";
        var type = Type.GetType(name) ?? throw new InvalidOperationException($"tests/scripts/{protocol} needs a class {name}.");
        return (IScriptHost)Activator.CreateInstance(type, script)!;
    }
}
