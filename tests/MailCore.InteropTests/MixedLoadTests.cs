using System.Globalization;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>
/// The load driver's mixed run, short: the sample under SMTP, submission to a real Postfix, IMAP and POP3 at once, with clients cut off at
/// random octets. The hour is run by hand; see docs/testing.md.
/// </summary>
internal sealed class MixedLoadTests
{
    private const int ShortestJudgedSeconds = 600;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Test]
    [Property("Fact", "each message's SHA-256 where it was read: by IMAP and POP3 spoken by hand, in Postfix's Maildirs, and behind a restart")]
    public async Task Under_all_protocols_with_cut_clients_nothing_is_lost_damaged_or_unexplained()
    {
        PostfixServer.Require();
        var seconds = int.Parse(Environment.GetEnvironmentVariable("MAILCORE_MIXED_SECONDS") ?? "20", CultureInfo.InvariantCulture);

        var (code, output) = await RunAsync(TimeSpan.FromSeconds(seconds), "--rate", seconds < ShortestJudgedSeconds ? "6" : "12", "--markdown");

        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Contain("Result: good."));
        foreach (var done in new[] { "SMTP in: messages answered 250", "Submission: messages answered 250", "Postfix: messages delivered", "IMAP user: commands", "POP3: sessions", "SMTP in: cut" })
            Assert.That(output, Does.Match($@"\| +{done} \| +[1-9]"), done);
    }

    [Test]
    [Property("Fact", "the driver's exit code when a message was expunged by nobody it knows")]
    public async Task A_message_that_went_missing_fails_the_run()
    {
        PostfixServer.Require();

        var (code, output) = await RunAsync(TimeSpan.FromSeconds(4), "--rate", "4", "--cuts", "0", "--sabotage");

        Assert.That(code, Is.EqualTo(1), output);
        Assert.That(output, Does.Match(@"(?m)^ +lost +1$").And.Contain("Lost: message "));
    }

    private static async Task<(int Code, string Output)> RunAsync(TimeSpan time, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-mixed-test-").FullName;
        try
        {
            // Postfix has users of its own.
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            await using var driver = ChildProcess.Start(
                SourceTree.Program("benchmarks/MailCore.Load"), ["mixed", "--seconds", $"{(int)time.TotalSeconds}", "--data", folder, .. arguments], folder);
            var code = await driver.WaitForExitAsync(time + Patience);
            return (code, driver.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
