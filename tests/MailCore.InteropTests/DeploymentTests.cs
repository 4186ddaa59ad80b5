using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample's unit files, by systemd's own tools, and its container file, by the commands that stand in it. No container engine runs here.</summary>
internal sealed partial class DeploymentTests : FolderFixture
{
    private static readonly ClientTool Analyze = new("systemd-analyze", "systemd");

    // What the preset Rfc8314 listens on; docs/appliance.md has the table.
    private static readonly string[] Ports = ["25", "465", "587", "143", "993"];

    [Test]
    [Property("Fact", "systemd-analyze finds no mistake in both units, and an exposure of 2.0 of 10 at most")]
    public async Task The_units_are_right_and_tight()
    {
        Analyze.Require();
        var (service, socket) = (Path.Combine(Folder, "mailserver.service"), Path.Combine(Folder, "mailserver.socket"));
        // It wants to see the program.
        await File.WriteAllTextAsync(service, (await ReadAsync("mailserver.service")).Replace("/opt/mailserver/MailServer", "/bin/true", StringComparison.Ordinal));
        await File.WriteAllTextAsync(socket, await ReadAsync("mailserver.socket"));

        var verified = await Analyze.RunAsync(["verify", service, socket]);
        Assert.That((verified.Succeeded().Text + verified.Errors).Split('\n').Where(static line => line.Contains("mailserver", StringComparison.Ordinal)), Is.Empty);
        (await Analyze.RunAsync(["security", "--offline=true", "--threshold=20", service])).Succeeded();
    }

    [Test]
    public async Task The_units_and_the_container_file_name_the_ports_of_the_preset()
    {
        Assert.That(Listened().Matches(await ReadAsync("mailserver.socket")).Select(static match => match.Groups[1].Value), Is.EquivalentTo(Ports));
        var container = await ReadAsync("Containerfile");
        Assert.That(Regex.Match(container, "(?m)^EXPOSE (.*)$").Groups[1].Value.Split(' '), Is.EquivalentTo(Ports));
        Assert.That(container, Does.Match(@"(?m)^USER \$APP_UID$").And.Match(@"(?m)^VOLUME .*/var/lib/mailserver").And.Contain("\"status\", \"--probe\", \"yes\""));
        Assert.That(container.IndexOf("USER ", StringComparison.Ordinal), Is.LessThan(container.IndexOf("ENTRYPOINT", StringComparison.Ordinal)));
    }

    [Test]
    [Property("Fact", "the exit code of check-config for the configuration that docs/appliance.md shows, with a certificate of the test's own")]
    public async Task The_documented_configuration_can_be_used()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "appliance.md"));
        var json = Regex.Match(page, "(?s)```json\n(.*?)```").Groups[1].Value;
        (await ClientTool.Openssl.RunAsync([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=mx.example.org",
            "-keyout", Path.Combine(Folder, "privkey.pem"), "-out", Path.Combine(Folder, "fullchain.pem")])).Succeeded();
        await File.WriteAllTextAsync(Path.Combine(Folder, "appsettings.json"), json.Replace("/etc/mailserver/tls/", Folder + "/", StringComparison.Ordinal));

        await using var check = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["check-config"], Folder);

        Assert.That(await check.WaitForExitAsync(), Is.Zero, check.Output);
        Assert.That(check.Output, Does.Contain("CN=mx.example.org").And.Contain("The configuration can be used."));
    }

    [Test]
    public async Task Every_verb_stands_in_the_documents_table()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "appliance.md"));
        var table = string.Concat(page.Split('\n').SkipWhile(static line => !line.StartsWith("| Verb |", StringComparison.Ordinal)).TakeWhile(static line => line.StartsWith('|')));
        await using var help = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["--help"], Folder);
        Assert.That(await help.WaitForExitAsync(), Is.Zero);

        var verbs = Regex.Matches(help.Output, @"(?m)^  MailServer ([a-z-]+) ").Select(static match => match.Groups[1].Value).ToList();
        Assert.That(verbs, Has.Count.GreaterThan(15));
        Assert.That(verbs.Where(verb => !Regex.IsMatch(table, $"`{verb}[ `]")), Is.Empty);
    }

    [Test]
    [Property("Fact", "the folder that the container file's own command publishes serves SMTP by hand, and its health check's exit code is 0, then 1")]
    public async Task The_container_files_commands_make_a_folder_that_runs()
    {
        var container = await ReadAsync("Containerfile");
        var publish = Regex.Match(container, "(?m)^RUN dotnet (publish .* --output) /app$").Groups[1].Value.Split(' ');
        var entry = Regex.Match(container, """(?m)^ENTRYPOINT \["/opt/mailserver/(.*)"\]$""").Groups[1].Value;
        var health = Regex.Match(container, """(?m)^HEALTHCHECK .*CMD \["/opt/mailserver/(.*)"\]$""").Groups[1].Value.Split("\", \"");
        var app = Path.Combine(Folder, "app");
        // Whatever is being built beside, this reads no more than the sources.
        var built = await new ClientTool("dotnet", "dotnet-sdk-10.0").RunAsync(
            [.. publish, app, "--artifacts-path", Path.Combine(Folder, "artifacts"), "-v", "quiet", "-p:RunAnalyzers=false"],
            surroundings: new ClientSurroundings(SourceTree.Root, Timeout: TimeSpan.FromMinutes(10)));
        built.Succeeded();

        await using var server = ChildProcess.Start(
            [Path.Combine(app, entry), .. SampleServer.ListenerArguments("Smtp", "Imaps")], Folder, new() { ["Mail__DataFolder"] = Path.Combine(Folder, "mail"), ["DOTNET_ROOT"] = DotnetRoot() });
        await server.WaitForOutputAsync(static output => Table().IsMatch(output));

        Assert.That(await HealthAsync(), Is.Zero);
        await using (var smtp = await RawSmtp.ConnectAsync(int.Parse(Table().Match(server.Output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)))
            Assert.That(await smtp.SendAsync("NOOP"), Does.StartWith("250"));

        Assert.That(await server.EndAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM), Is.Zero);
        Assert.That(await HealthAsync(), Is.EqualTo(1));

        async Task<int> HealthAsync()
        {
            await using var check = ChildProcess.Start([Path.Combine(app, health[0]), .. health[1..]], Folder, new() { ["Mail__DataFolder"] = Path.Combine(Folder, "mail"), ["DOTNET_ROOT"] = DotnetRoot() });
            return await check.WaitForExitAsync();
        }
    }

    private static string DotnetRoot() => Path.GetDirectoryName(Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..")))!;

    private static Task<string> ReadAsync(string name) => File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "samples", "MailServer", name));

    [GeneratedRegex(@"^ListenStream=(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Listened();

    [GeneratedRegex(@"(?m)^  smtp +Transfer +SMTP +(\d+) ")]
    private static partial Regex Table();
}
