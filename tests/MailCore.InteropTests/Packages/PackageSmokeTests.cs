using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests.Packages;

/// <summary>The packages as a newcomer has them: from a folder, in a new project that knows nothing of this repository.</summary>
internal sealed partial class PackageSmokeTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("mailcore-smoke-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    // The packages folder is the test's own: one of the same version that was restored before is not taken for it.
    [Test]
    public async Task The_readmes_first_snippet_runs_in_a_new_project_outside_of_the_repository()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><add key="mailcore" value="{await ReleaseBuild.PackAsync()}" /></packageSources>
            </configuration>
            """);
        await DotnetCommand.RunAsync(_folder, "new", "console", "-o", "Mail", "--no-restore");
        var project = Path.Combine(_folder, "Mail");
        var (program, ports) = OnFreePorts(FirstSnippet());
        await File.WriteAllTextAsync(Path.Combine(project, "Program.cs"), program);
        await DotnetCommand.RunAsync(project, "add", "package", "MailCore.Storage.Sqlite");
        await DotnetCommand.RunAsync(project, "build", "-o", "out", "-warnaserror");
        Assert.That(Directory.GetDirectories(Path.Combine(_folder, "packages"), "mailcore*").Select(Path.GetFileName), Is.EquivalentTo(new[] { "mailcore", "mailcore.storage.sqlite" }));

        await using var server = ChildProcess.Start(Path.Combine(project, "out", "Mail.dll"), [], project);
        await WaitForAsync(server, ports[^1]);
        await ExchangeMailAsync(ports);
        Assert.That(File.Exists(Path.Combine(project, "data", "mail.db")), Directory.Exists(Path.Combine(project, "data")) ? string.Join(' ', Directory.GetFiles(Path.Combine(project, "data"))) : "no data");
    }

    private static string FirstSnippet()
    {
        var readme = File.ReadAllText(Path.Combine(SourceTree.Root, "README.md"));
        return Snippet().Match(readme).Groups[1].Value;
    }

    // Nothing else is changed in it: those that it names may be taken on this machine.
    private static (string Program, List<int> Ports) OnFreePorts(string snippet)
    {
        var ports = new List<int>();
        var program = Port().Replace(snippet, listen =>
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            ports.Add(((IPEndPoint)listener.LocalEndpoint).Port);
            return string.Create(CultureInfo.InvariantCulture, $"{listen.Groups[1].Value}{ports[^1]}");
        });
        Assert.That(ports, Has.Count.EqualTo(3), "SMTP, submissions and IMAPS in README's first snippet");
        return (program, ports);
    }

    private static async Task WaitForAsync(ChildProcess server, int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, patience.Token);
                return;
            }
            catch (SocketException)
            {
                Assert.That(server.HasEnded, Is.False, server.Output);
                await Task.Delay(100, patience.Token);
            }
        }
    }

    private static async Task ExchangeMailAsync(List<int> ports)
    {
        var message = "From: bob@example.net\r\nTo: alice@example.org\r\nSubject: First\r\n\r\nHello\r\n";
        await using (var smtp = await RawSmtp.ConnectAsync(ports[0]))
        {
            Assert.That(await smtp.DeliverAsync("bob@example.net", "alice@example.org", new MemoryStream(Encoding.ASCII.GetBytes(message))), Does.StartWith("250"));
        }

        await using (var submission = await RawSmtp.ConnectAsync(ports[1], tls: true))
        {
            var login = Convert.ToBase64String(Encoding.ASCII.GetBytes("\0alice@example.org\0a long password"));
            Assert.That(await submission.SendAsync($"AUTH PLAIN {login}"), Does.StartWith("235"));
            Assert.That(await submission.DeliverAsync("alice@example.org", "alice@example.org", new MemoryStream(Encoding.ASCII.GetBytes(message.Replace("First", "Second", StringComparison.Ordinal)))), Does.StartWith("250"));
        }

        await using var imap = await RawImap.ConnectAsync(ports[2], "alice@example.org", "a long password");
        var stored = (await imap.FetchAllAsync()).Select(Encoding.ASCII.GetString).ToList();
        Assert.That(stored, Has.Count.EqualTo(2));
        Assert.That(stored[0], Does.EndWith(message));
        Assert.That(stored[1], Does.Contain("Subject: Second\r\n"));
    }

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"(\.Listen\w+\()\d+")]
    private static partial Regex Port();
}
