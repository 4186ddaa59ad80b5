using AspNetInbound;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Samples;

[CancelAfter(60_000)]
internal sealed class AspNetInboundTests
{
    [Test]
    public async Task Mail_becomes_a_ticket_on_the_page_and_stays_text_there()
    {
        await using var app = TicketApp.Build(0, 0);
        await app.StartAsync();
        var smtp = app.Services.GetRequiredService<MailServer>().Endpoints["smtp"];
        var page = app.Urls.Select(static url => new Uri(url)).Single(url => url.Port != smtp.Port);
        using var http = new HttpClient { BaseAddress = page };
        Assert.That(await http.GetStringAsync("/"), Does.Not.Contain("<li>"));

        Assert.That(await SendAsync(smtp, "Subject: It <b>broke</b>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\n<script>alert(1)</script>\r\n--m\r\nContent-Type: text/plain; name=log.txt\r\n\r\nx\r\n--m--\r\n"), Does.StartWith("250"));
        Assert.That(await SendAsync(smtp, "X: no subject\r\n\r\nhello"), Does.StartWith("550 5.6.0 A ticket needs a subject"));

        Assert.That(await SendAsync(smtp, "Subject: By another name\r\n\r\nx", "help@example.org"), Does.StartWith("250"));
        Assert.That(await SendAsync(smtp, "", "nobody@example.org"), Does.StartWith("550 5.1.1"));

        var tickets = await http.GetStringAsync("/");
        Assert.That(tickets.Split("<li>"), Has.Length.EqualTo(3));
        Assert.That(tickets, Does.Contain("<li><b>It &lt;b&gt;broke&lt;/b&gt;</b> from ann@there.example, 1 files log.txt<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>"));
        Assert.That(await http.GetStringAsync("/health"), Is.EqualTo("Healthy"));
    }

    private static async Task<string?> SendAsync(MailEndpoint smtp, string message, string to = "support@example.org")
    {
        using var client = await MailClient.ConnectAsync(smtp);
        await client.ReadLineAsync();
        await client.WriteAsync("EHLO me.example\r\n");
        await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
        await client.SayAsync("MAIL FROM:<ann@there.example>");
        if (await client.SayAsync($"RCPT TO:<{to}>") is var reply && !reply!.StartsWith('2'))
        {
            return reply;
        }

        await client.WriteAsync($"BDAT {message.Length} LAST\r\n{message}");
        return await client.ReadLineAsync();
    }
}
