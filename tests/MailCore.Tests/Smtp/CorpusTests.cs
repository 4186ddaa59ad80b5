using System.Text;
using System.Text.RegularExpressions;
using MailCore.Smtp;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class CorpusTests
{
    private static IEnumerable<CorpusMessage> Messages => MessageCorpus.All;

    [TestCaseSource(nameof(Messages))]
    public async Task What_went_in_is_stored(CorpusMessage message)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        var text = Encoding.Latin1.GetString(message.ReadAll());
        // A client has no other way to say a last line without its end.
        var sent = text.Length == 0 || text.EndsWith("\r\n", StringComparison.Ordinal) ? text : text + "\r\n";
        var isRefused = text.Contains('\0', StringComparison.Ordinal) || BareCr.IsMatch(sent);
        await client.SendMessageAsync(isRefused ? 554 : 250, LineStart.Replace(sent, "$1.."));
        var stored = (await server.MessagesAsync()).Select(static stored => stored.Content).ToList();
        Assert.That(stored, isRefused ? Is.Empty : Is.EqualTo(new[] { BareLf.Replace(sent, "\r\n") }));
        if (message.SurvivesSmtp())
        {
            Assert.That(stored.Single(), Is.EqualTo(text));
        }
    }

    [TestCaseSource(nameof(Messages))]
    public async Task Lmtp_and_submission_refuse_what_does_not_survive(CorpusMessage message)
    {
        var text = Encoding.Latin1.GetString(message.ReadAll());
        var sent = text.Length == 0 || text.EndsWith("\r\n", StringComparison.Ordinal) ? text : text + "\r\n";
        var isRefused = text.Contains('\0', StringComparison.Ordinal) || BareCr.IsMatch(sent) || BareLf.IsMatch(sent);
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(isRefused ? 554 : 250, LineStart.Replace(sent, "$1.."));
        Assert.That((await server.MessagesAsync()).Select(static stored => stored.Content), isRefused ? Is.Empty : Is.EqualTo(new[] { sent }));
    }

    [GeneratedRegex(@"(^|\r\n)\.")]
    private static partial Regex LineStart { get; }

    [GeneratedRegex(@"\r(?!\n)")]
    private static partial Regex BareCr { get; }

    [GeneratedRegex(@"(?<!\r)\n")]
    private static partial Regex BareLf { get; }
}
