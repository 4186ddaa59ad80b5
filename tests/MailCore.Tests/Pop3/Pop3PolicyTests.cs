using MailCore.Pop3;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3PolicyTests
{
    [TestCase(30, 1)]
    [TestCase(31, 0)]
    public async Task Mail_that_was_retrieved_goes_when_it_is_as_old_as_EXPIRE_says(int age, int left)
    {
        var time = new ManualTimeProvider();
        await using var server = new Pop3TestServer(time: time) { Options = { ExpireDays = 31 } };
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "Subject: one\r\n\r\n"u8.ToArray());
        time.Advance(TimeSpan.FromDays(age));

        await using (var client = await server.LogInAsync("bob", "secret"))
        {
            await client.AskAsync("RETR 1");
            await client.ReadMultilineAsync();
            Assert.That(await client.AskAsync("QUIT"), Is.EqualTo("+OK Goodbye"));
        }

        Assert.That((await (await server.InboxAsync("bob")).GetInfoAsync())!.Messages, Is.EqualTo(left));
    }

    [TestCase(59, "-ERR [LOGIN-DELAY]")]
    [TestCase(60, "+OK ")]
    public async Task A_login_is_late_enough_after_the_delay_and_not_before(int seconds, string answer)
    {
        var time = new ManualTimeProvider();
        await using var server = new Pop3TestServer(time: time) { Options = { LoginDelay = TimeSpan.FromSeconds(60) } };
        server.AddUser("bob", "secret");
        await using (var first = await server.LogInAsync("bob", "secret"))
        {
            await first.AskAsync("QUIT");
        }

        time.Advance(TimeSpan.FromSeconds(seconds));
        await using var second = await server.OpenAsync();
        await second.AskAsync("USER bob");

        Assert.That(await second.AskAsync("PASS secret"), Does.StartWith(answer));
    }

    [TestCase("")]
    [TestCase("Mail\r\nTOP")]
    [TestCase("Zürich")]
    public void What_cannot_stand_in_CAPA_is_no_name_of_the_server(string name) =>
        Assert.That(() => new Pop3Options { Implementation = name }, Throws.ArgumentException);
}
