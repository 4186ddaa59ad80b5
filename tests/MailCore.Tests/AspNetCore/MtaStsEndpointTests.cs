using System.Net;
using System.Text;
using MailCore.AspNetCore;
using MailCore.Relay.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

[CancelAfter(60_000)]
internal sealed class MtaStsEndpointTests
{
    [TestCase("mta-sts.example.org", HttpStatusCode.OK)]
    [TestCase("MTA-STS.Example.ORG:443", HttpStatusCode.OK)]
    [TestCase("mta-sts.example.net", HttpStatusCode.NotFound)]
    [TestCase("example.org", HttpStatusCode.NotFound)]
    public async Task A_policy_is_served_to_those_who_ask_for_its_host(string host, HttpStatusCode status)
    {
        var policy = new MtaStsPolicy { Mode = MtaStsMode.Enforce, Mx = ["mx.example.org"], MaxAge = TimeSpan.FromDays(7) };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapMtaSts(domain => domain == "example.org" ? policy : null);
        await app.StartAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single() + "/.well-known/mta-sts.txt");
        request.Headers.Host = host;

        using var response = await client.SendAsync(request);

        Assert.That(response.StatusCode, Is.EqualTo(status));
        if (status == HttpStatusCode.OK)
        {
            Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/plain"));
            Assert.That(MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(await response.Content.ReadAsStringAsync()), out var read) && read.ToString() == policy.ToString(), Is.True);
        }
    }
}
