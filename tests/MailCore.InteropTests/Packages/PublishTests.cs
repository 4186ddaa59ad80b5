using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests.Packages;

/// <summary>samples/MailServer as one trimmed file. Its publish has warnings as errors, those of the trimmer among them.</summary>
internal sealed class PublishTests
{
    [Test]
    public async Task The_trimmed_single_file_takes_mail_and_hands_it_out()
    {
        var folder = await ReleaseBuild.PublishAsync();
        Assert.That(Directory.GetFiles(folder).Select(Path.GetFileName), Is.EquivalentTo(new[] { "MailServer", "appsettings.json", "libe_sqlite3.so" }));

        await using var server = await SampleServer.StartAsync(new SampleSetUp { Accounts = ["bob@example.org"], Program = [Path.Combine(folder, "MailServer")] });
        var message = "From: amy@example.net\r\nSubject: To one file\r\n\r\nHello\r\n";
        await using (var smtp = await RawSmtp.ConnectAsync(server.Smtp))
        {
            Assert.That(await smtp.DeliverAsync("amy@example.net", "bob@example.org", new MemoryStream(Encoding.ASCII.GetBytes(message))), Does.StartWith("250"));
        }

        await using (var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", SampleServer.Password))
        {
            Assert.That((await imap.FetchAllAsync()).Select(Encoding.ASCII.GetString), Has.One.EndsWith(message));
        }

        Assert.That(await server.StopAsync(), Is.Zero);
    }

    // What the trimmer may have cut shows where names become types or values: configuration, enumerations, JSON.
    [Test]
    public async Task Its_verbs_and_its_complaints_work()
    {
        var program = Path.Combine(await ReleaseBuild.PublishAsync(), "MailServer");
        var folder = SourceTree.NewFolder();
        try
        {
            Assert.That(await RunAsync(program, folder, 0, "account", "add", "bob@example.org", "--password", "correct horse"), Does.Contain("bob@example.org"));
            Assert.That(await RunAsync(program, folder, 0, "account", "list"), Does.Contain("bob@example.org"));
            Assert.That(await RunAsync(program, folder, 0, "check"), Is.Not.Null);
            Assert.That(await RunAsync(program, folder, 1, "--Mail:Relya:Dane=true"), Does.Contain("Did you mean 'Relay'?"));
            Assert.That(await RunAsync(program, folder, 1, "--Mail:Listeners:0:Role=Smpt"), Does.Contain("Submission"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, string folder, int code, params string[] arguments)
    {
        await using var process = ChildProcess.Start([program, .. arguments], folder);
        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(code), process.Output);
        return process.Output;
    }
}
