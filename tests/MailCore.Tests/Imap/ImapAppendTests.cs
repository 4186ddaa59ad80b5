using System.Text;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapAppendTests
{
    [Test]
    public async Task Several_messages_over_the_quota_leave_none()
    {
        await using var server = new ImapTestServer();
        await (await server.AddUserAsync()).SetQuotaAsync(100);
        await using var client = await server.SelectedAsync();
        var message = new string('x', 40);
        Assert.That((await client.RunAsync($"APPEND INBOX {{40+}}\r\n{message} {{40+}}\r\n{message} {{40+}}\r\n{message}"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await client.OkAsync("STATUS INBOX (MESSAGES SIZE)"))[0], Does.EndWith("(MESSAGES 0 SIZE 0)"));
        await client.OkAsync($"APPEND INBOX {{40+}}\r\n{message} {{40+}}\r\n{message}");
    }

    [Test]
    public async Task A_message_that_the_quota_can_t_take_is_refused_before_it_is_sent()
    {
        await using var server = new ImapTestServer();
        await (await server.AddUserAsync()).SetQuotaAsync(3 * 1024 * 1024);
        await using var client = await server.SelectedAsync();
        await client.SendAsync("a APPEND INBOX {2097152+}\r\n");
        await client.SendAsync(new byte[2097152]);
        await client.SendAsync(" {2097152}\r\n");
        Assert.That((await client.ReadToAsync("a"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await client.OkAsync("STATUS INBOX (MESSAGES)"))[0], Does.EndWith("(MESSAGES 0)"));
    }

    [Test]
    public async Task REPLACE_needs_no_room_beside_the_message_that_goes()
    {
        await using var server = new ImapTestServer();
        var account = await server.AddUserAsync();
        await server.AppendAsync(Encoding.ASCII.GetBytes(new string('x', 90)));
        await account.SetQuotaAsync(100);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.RunAsync("APPEND INBOX {20+}\r\n01234567890123456789"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        var replies = await client.OkAsync($"REPLACE 1 INBOX {{95+}}\r\n{new string('y', 95)}");
        Assert.That(replies, Does.Contain("* 1 EXPUNGE"));
        Assert.That((await client.RunAsync($"REPLACE 1 INBOX {{101+}}\r\n{new string('z', 101)}"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await client.OkAsync("STATUS INBOX (MESSAGES SIZE)"))[0], Does.EndWith("(MESSAGES 1 SIZE 95)"));
    }

    [Test]
    public async Task A_store_that_fails_at_the_second_message_keeps_none_and_the_dialog_stays_in_step()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        await client.SendAsync("a APPEND INBOX {3}\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("+ Send it"));
        await client.SendAsync("one {3}\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("+ Send it"));
        store.Broken.Add("StageAsync");
        await client.SendAsync("two {5+}\r\nthree {2+}\r\nb \r\n");
        Assert.That((await client.ReadToAsync("a"))[^1], Does.Contain(" NO "));
        store.Broken.Clear();
        await client.OkAsync("NOOP");
        Assert.That((await client.OkAsync("STATUS INBOX (MESSAGES)"))[0], Does.EndWith("(MESSAGES 0)"));
    }

    [Test]
    public async Task What_is_dropped_behind_a_refusal_is_bounded_over_all_messages()
    {
        await using var server = new ImapTestServer();
        server.Options.MaxDrain = 1000;
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        var command = "APPEND Nowhere" + string.Concat(Enumerable.Repeat($" {{400+}}\r\n{new string('x', 400)}", 2));
        Assert.That((await client.RunAsync(command))[^1], Does.Contain(" NO [TRYCREATE] "));
        await client.SendAsync($"a {command} {{201+}}\r\n");
        Assert.That(await client.ReadResponseAsync(), Does.StartWith("* BYE "));
    }
}
