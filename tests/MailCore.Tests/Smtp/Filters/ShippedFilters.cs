using System.Net;
using MailCore.Smtp;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>A server with one filter, whose clients come from 192.0.2.7.</summary>
internal static class ShippedFilters
{
    public static async Task<SmtpTestServer> ServerAsync(ISmtpFilter filter, SmtpDialect? dialect = null, SmtpFilterFailure onFailure = SmtpFilterFailure.TryLater)
    {
        var server = await new SmtpTestServer(dialect, static options => options.OfferAuthentication = true) { Remote = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4321) }.PopulateAsync();
        server.Filters.Add(new SmtpFilterRegistration(filter) { OnFailure = onFailure });
        return server;
    }

    /// <summary>The reply to RCPT of a session of its own.</summary>
    public static async Task<string> RecipientAsync(SmtpTestServer server, string from = "eve@elsewhere.example", string to = "bob@example.org", bool login = false)
    {
        await using var client = await server.GreetAsync();
        if (login)
        {
            await client.LoginAsync();
        }

        await client.SayAsync(250, $"MAIL FROM:<{from}>");
        await client.SendAsync($"RCPT TO:<{to}>\r\n");
        return (await client.ReadReplyAsync())!;
    }
}
