using MailCore.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

/// <summary>The tables of docs/appliance.md are those of the code.</summary>
internal sealed class ApplianceDocumentTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Root(), "docs", "appliance.md"));

    [Test]
    public void The_table_of_reload_is_the_rules() => Assert.That(
        TableBehind("| Key below `Mail:` |"),
        Is.EqualTo(ReloadRules.All.Select(static rule => $"| `{rule.Key}` | {(rule.IsLive ? "at once" : "after a restart")} | {rule.Note} |")));

    [Test]
    public void The_table_of_ports_is_the_presets() => Assert.That(
        TableBehind("| Port | Role |"),
        Is.EqualTo(MailServerPreset.Rfc8314.Endpoints.Select(static endpoint =>
            $"| {endpoint.Port} | {endpoint.Role} | {string.Join(" | ", MailServerPreset.All.Select(preset => Cell(preset.Endpoints.Single(other => other.Role == endpoint.Role))))} |")));

    private static string Cell(PresetEndpoint endpoint) => endpoint.IsOn ? $"{endpoint.Tls}" : $"off ({endpoint.Tls})";

    private static IEnumerable<string> TableBehind(string head) =>
        Lines.SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal)).Skip(2).TakeWhile(static line => line.StartsWith('|'));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "MailCore.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
