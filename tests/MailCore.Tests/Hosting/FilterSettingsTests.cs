using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Tests.Smtp.Filters;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

/// <summary>Each key of Mail:Filters by what a stranger, who comes by XCLIENT, or a user is told.</summary>
[CancelAfter(60_000)]
internal sealed class FilterSettingsTests
{
    private const string Stranger = "XCLIENT ADDR=192.0.2.7";

    [TestCase("Dnsbl:0", "list.example", Stranger, "eve@elsewhere.example", "bob@example.org", "554 5.7.1")]
    [TestCase("Greylisting", "true", Stranger, "eve@elsewhere.example", "bob@example.org", "451 4.7.1")]
    [TestCase("ClientNames", "true", Stranger, "eve@elsewhere.example", "bob@example.org", "550 5.7.25")]
    [TestCase("RefusedSenders:0", @"@spam\.example$", Stranger, "eve@spam.example", "bob@example.org", "550 5.7.1")]
    [TestCase("RefusedRecipients:0", "^bob@", Stranger, "eve@elsewhere.example", "bob@example.org", "550 5.7.1")]
    public async Task What_is_on_refuses_and_what_is_off_does_not(string key, string value, string client, string sender, string recipient, string reply)
    {
        await using (var off = await StartAsync())
            Assert.That(await AskAsync(off, "smtp", client, "EHLO there.example", $"MAIL FROM:<{sender}>", $"RCPT TO:<{recipient}>"), Does.StartWith("250"));

        await using var on = await StartAsync((key, value));
        Assert.That(await AskAsync(on, "smtp", client, "EHLO there.example", $"MAIL FROM:<{sender}>", $"RCPT TO:<{recipient}>"), Does.StartWith(reply).Or.StartWith("503"));
        Assert.That(await RefusalAsync(on, client, sender, recipient), Does.StartWith(reply));
    }

    [Test]
    public async Task Greylisting_has_the_delay_that_is_configured()
    {
        await using var server = await StartAsync(("Greylisting", "true"), ("GreylistDelay", "00:00:00.001"));

        var first = await AskAsync(server, "smtp", Stranger, "EHLO there.example", "MAIL FROM:<eve@elsewhere.example>", "RCPT TO:<bob@example.org>");
        await Task.Delay(20);
        var second = await AskAsync(server, "smtp", Stranger, "EHLO there.example", "MAIL FROM:<eve@elsewhere.example>", "RCPT TO:<bob@example.org>");

        Assert.That((first[..3], second[..3]), Is.EqualTo(("451", "250")));
    }

    [Test]
    public async Task Users_and_strangers_have_limits_of_their_own()
    {
        await using var server = await StartAsync(("MessagesPerHour", "2"), ("MessagesPerHourFromAddress", "1"));
        var login = $"AUTH PLAIN {Convert.ToBase64String("\0bob@example.org\0secret"u8)}";

        for (var message = 1; message <= 3; message++)
        {
            Assert.That(await AskAsync(server, "submission", "EHLO there.example", login, "MAIL FROM:<bob@example.org>"), Does.StartWith(message <= 2 ? "250" : "450 4.7.1"));
            Assert.That(await AskAsync(server, "smtp", Stranger, "EHLO there.example", "MAIL FROM:<eve@elsewhere.example>"), Does.StartWith(message <= 1 ? "250" : "450 4.7.1"));
        }

        Assert.That(await AskAsync(server, "smtp", "XCLIENT ADDR=192.0.2.8", "EHLO there.example", "MAIL FROM:<eve@elsewhere.example>"), Does.StartWith("250"));
    }

    [Test]
    public async Task Mail_that_another_server_hands_over_is_not_judged_again()
    {
        await using var server = await StartAsync(("RefusedRecipients:0", "^bob@"), ("Greylisting", "true"));

        Assert.That(await AskAsync(server, "lmtp", "LHLO there.example", "MAIL FROM:<eve@elsewhere.example>", "RCPT TO:<bob@example.org>"), Does.StartWith("250"));
    }

    [Test]
    public void A_delay_of_the_greeting_is_taken_by_endpoints_for_strangers_alone()
    {
        MailServerBuilder? mail = null;
        new ServiceCollection().AddMailServer(builder => Configure(mail = builder, [("GreetingDelay", "00:00:05")]));

        Assert.That(mail!.Endpoints.OfType<SmtpEndpointBuilder>().Select(static endpoint => (endpoint.Name, endpoint.Filters.Count())), Is.EqualTo(new[] { ("smtp", 1), ("submission", 0), ("lmtp", 0) }));
    }

    private static Task<MailServer> StartAsync(params (string Key, string Value)[] filters) => MailServer.StartAsync(mail =>
    {
        Configure(mail, filters);
        mail.UseInMemoryStore().AddAccount("bob@example.org", "secret");
        mail.Services.Replace(ServiceDescriptor.Singleton<IDnsResolver>(new StubDns().Address("7.2.0.192.list.example", "127.0.0.2")));
    });

    private static void Configure(MailServerBuilder mail, (string Key, string Value)[] filters)
    {
        List<KeyValuePair<string, string?>> keys = [.. filters.Select(static one => KeyValuePair.Create("Filters:" + one.Key, (string?)one.Value))];
        foreach (var (index, role) in new[] { "Smtp", "Submission", "Lmtp" }.Index())
            keys.AddRange([new($"Listeners:{index}:Role", role), new($"Listeners:{index}:Port", "0"), new($"Listeners:{index}:Address", "localhost"), new($"Listeners:{index}:Tls", "None"), new($"Listeners:{index}:AllowCleartextAuthentication", "true")]);

        keys.Add(new("Listeners:0:XClientFrom:0", "127.0.0.1"));
        mail.HostName = "mx.example.org";
        mail.Apply(MailServerSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(keys).Build()));
    }

    /// <summary>The first refusal of a dialog.</summary>
    private static async Task<string> RefusalAsync(MailServer server, string client, string sender, string recipient)
    {
        string[] dialog = [client, "EHLO there.example", $"MAIL FROM:<{sender}>", $"RCPT TO:<{recipient}>"];
        for (var count = 1; count <= dialog.Length; count++)
        {
            if (await AskAsync(server, "smtp", dialog[..count]) is var reply && reply[0] is '4' or '5')
                return reply;
        }

        return "";
    }

    /// <summary>The answer to the last of these lines.</summary>
    private static async Task<string> AskAsync(MailServer server, string endpoint, params string[] lines)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Endpoints[endpoint].Port);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        await ReadAsync();
        var reply = "";
        foreach (var line in lines)
        {
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n"));
            reply = await ReadAsync();
        }

        return reply;

        async Task<string> ReadAsync()
        {
            string? line;
            do
                line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            while (line is { Length: > 3 } && line[3] == '-');
            return line ?? "";
        }
    }
}
