using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Who may see the inbox, and which requests may change something.</summary>
[CancelAfter(60_000)]
internal sealed class InboxAccessTests
{
    private const string Client = "X-Test-Client";

    [TestCase("127.0.0.1", HttpStatusCode.OK)]
    [TestCase("127.8.9.10", HttpStatusCode.OK)]
    [TestCase("::1", HttpStatusCode.OK)]
    [TestCase("::ffff:127.0.0.1", HttpStatusCode.OK)]
    [TestCase("192.0.2.1", HttpStatusCode.Forbidden)]
    [TestCase("10.0.0.1", HttpStatusCode.Forbidden)]
    [TestCase("2001:db8::1", HttpStatusCode.Forbidden)]
    [TestCase("none", HttpStatusCode.Forbidden)]
    public async Task Only_clients_on_this_machine_are_served(string client, HttpStatusCode expected)
    {
        await using var inbox = await InboxHost.StartAsync(map: static (app, _) => From(app));
        foreach (var path in new[] { "", "assets/inbox.js", "api/messages", "api/events?x", "api/openapi.json" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { Client, client } } };
            using var answer = await inbox.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.That(answer.StatusCode, Is.EqualTo(expected).Or.EqualTo(expected == HttpStatusCode.OK && !path.StartsWith("api", StringComparison.Ordinal) ? HttpStatusCode.NotFound : expected), path);
        }
    }

    [TestCase("localhost", HttpStatusCode.OK)]
    [TestCase("LOCALHOST:1234", HttpStatusCode.OK)]
    [TestCase("my.localhost", HttpStatusCode.OK)]
    [TestCase("127.0.0.1", HttpStatusCode.OK)]
    [TestCase("[::1]:80", HttpStatusCode.OK)]
    [TestCase("dev.example.org", HttpStatusCode.OK)]
    [TestCase("Dev.Example.Org:5000", HttpStatusCode.OK)]
    [TestCase("rebound.attacker.example", HttpStatusCode.Forbidden)]
    [TestCase("localhost.attacker.example", HttpStatusCode.Forbidden)]
    [TestCase("attacker-localhost", HttpStatusCode.Forbidden)]
    [TestCase("127.0.0.1.attacker.example", HttpStatusCode.Forbidden)]
    [TestCase("192.0.2.7", HttpStatusCode.Forbidden)]
    public async Task A_name_that_was_made_to_lead_here_is_refused(string host, HttpStatusCode expected)
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.Hosts.Add("dev.example.org"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/messages") { Headers = { Host = host } };
        using var answer = await inbox.Http.SendAsync(request);
        Assert.That(answer.StatusCode, Is.EqualTo(expected));
    }

    [TestCase("X-Forwarded-For", "127.0.0.1")]
    [TestCase("X-Forwarded-Host", "localhost")]
    [TestCase("Forwarded", "for=127.0.0.1")]
    [TestCase("X-Real-IP", "127.0.0.1")]
    [TestCase("Via", "1.1 proxy")]
    public async Task What_a_proxy_on_this_machine_passes_on_is_not_from_this_machine(string name, string value)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/messages") { Headers = { { name, value } } };
        using var answer = await inbox.Http.SendAsync(request);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task A_host_may_let_anybody_in_but_changes_still_need_the_header()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowsAnyClient = true, map: static (app, _) => From(app));
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/messages") { Headers = { { Client, "192.0.2.1" }, { "X-Forwarded-For", "192.0.2.2" } } };
        request.Headers.Host = "mail.example.org";
        Assert.That((await inbox.Http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await inbox.Http.DeleteAsync("api/messages")).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task With_RequireAuthorization_users_are_served_wherever_they_are_and_nobody_else()
    {
        await using var inbox = await InboxHost.StartAsync(
            host: static builder =>
            {
                builder.Services.AddAuthorization();
                builder.Services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, TestScheme>("test", static _ => { });
            },
            map: static (app, endpoints) =>
            {
                From(app);
                app.UseAuthentication();
                app.UseAuthorization();
                endpoints.RequireAuthorization();
            });
        foreach (var path in new[] { "", "assets/inbox.css", "api/messages", "api/settings", "api/events", "api/messages/x/html", "api/openapi.json" })
        {
            Assert.That((await inbox.Http.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized), path);
        }

        Assert.That((await inbox.ChangeAsync(HttpMethod.Delete, "api/messages")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/messages") { Headers = { { Client, "192.0.2.1" }, { "Authorization", "Test alice" } } };
        request.Headers.Host = "mail.example.org";
        Assert.That((await inbox.Http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Endpoints_that_are_authorized_and_opened_again_are_for_this_machine_alone()
    {
        await using var inbox = await InboxHost.StartAsync(
            host: static builder => builder.Services.AddAuthorization(),
            map: static (app, endpoints) =>
            {
                From(app);
                app.UseAuthorization();
                endpoints.RequireAuthorization().AllowAnonymous();
            });
        Assert.That((await inbox.Http.GetAsync("api/messages")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/messages") { Headers = { { Client, "192.0.2.1" } } };
        Assert.That((await inbox.Http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [TestCase(null, null, "1", true)]
    [TestCase("own", "same-origin", "1", true)]
    [TestCase("own", null, "1", true)]
    [TestCase(null, "same-origin", "1", true)]
    [TestCase(null, "none", "1", true)]
    [TestCase("own", "same-origin", null, false)]
    [TestCase("own", "same-origin", "0", false)]
    [TestCase("http://attacker.example", null, "1", false)]
    [TestCase("null", null, "1", false)]
    [TestCase("http://localhost:1", null, "1", false)]
    [TestCase("https", null, "1", false)]
    [TestCase(null, "cross-site", "1", false)]
    [TestCase(null, "same-site", "1", false)]
    [TestCase("own", "cross-site", "1", false)]
    public async Task Only_the_own_page_changes_something(string? origin, string? site, string? header, bool isAllowed)
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowRelease("bob@example.org", "*@example.org"));
        await inbox.AppendAsync("Subject: x\r\n\r\n");
        var id = await inbox.NewestAsync();
        var own = inbox.Root.GetLeftPart(UriPartial.Authority);
        foreach (var (method, path, json) in new[]
        {
            (HttpMethod.Post, $"api/messages/{id}/seen", """{"seen":true}"""),
            (HttpMethod.Post, $"api/messages/{id}/release", """{"to":["alice@example.org"]}"""),
            (HttpMethod.Delete, $"api/messages/{id}", null),
            (HttpMethod.Delete, "api/messages", null),
        })
        {
            using var answer = await inbox.ChangeAsync(method, path, json, request =>
            {
                request.Headers.Remove("X-MailCore-Inbox");
                Set(request, "X-MailCore-Inbox", header);
                Set(request, "Origin", origin switch { "own" => own, "https" => own.Replace("http:", "https:", StringComparison.Ordinal), _ => origin });
                Set(request, "Sec-Fetch-Site", site);
            });
            Assert.That(answer.StatusCode, isAllowed ? Is.AnyOf(HttpStatusCode.NoContent, HttpStatusCode.Accepted) : Is.EqualTo(HttpStatusCode.Forbidden), path);
            Assert.That(isAllowed || answer.Content.Headers.ContentType!.MediaType == "application/problem+json");
        }

        Assert.That((await inbox.ListAsync()).Count, isAllowed ? Is.Zero : Is.EqualTo(1));
        Assert.That(isAllowed || !(await inbox.ListAsync())[0]!["seen"]!.GetValue<bool>());
    }

    [TestCase("cross-site")]
    [TestCase("same-site")]
    public async Task Another_site_may_lead_to_the_page_and_use_nothing_behind_it(string site)
    {
        await using var inbox = await InboxHost.StartAsync();
        foreach (var (path, expected) in new[]
        {
            ("", HttpStatusCode.OK), ("api/messages", HttpStatusCode.Forbidden), ("api/messages?wait=60", HttpStatusCode.Forbidden), ("api/events", HttpStatusCode.Forbidden),
            ("api/messages/x/html", HttpStatusCode.Forbidden), ("api/messages/x/parts/1", HttpStatusCode.Forbidden),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Sec-Fetch-Site", site } } };
            Assert.That((await inbox.Http.SendAsync(request)).StatusCode, Is.EqualTo(expected), path);
        }
    }

    [Test]
    public async Task No_answer_tells_another_site_that_it_may_ask()
    {
        await using var inbox = await InboxHost.StartAsync();
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "api/messages")
        {
            Headers = { { "Origin", "http://attacker.example" }, { "Access-Control-Request-Method", "DELETE" }, { "Access-Control-Request-Headers", "x-mailcore-inbox" } },
        };
        using var answer = await inbox.Http.SendAsync(preflight);
        Assert.That(answer.IsSuccessStatusCode, Is.False);
        Assert.That(answer.Headers.Any(static header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase)), Is.False);
    }

    [Test]
    public async Task Every_answer_says_what_browsers_may_do_with_it()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("Subject: x\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n");
        var id = await inbox.NewestAsync();
        foreach (var path in new[]
        {
            "", "api/messages", "api/mailboxes", "api/settings", "api/openapi.json", "api/events", "api/messages/none", $"api/messages/{id}", $"api/messages/{id}/html", $"api/messages/{id}/source",
            $"api/messages/{id}/source?download=1", $"api/messages/{id}/transcript", $"api/messages/{id}/parts/1", $"api/messages/{id}/text",
        })
        {
            using var answer = await inbox.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            Assert.That(Header(answer, "X-Content-Type-Options"), Is.EqualTo("nosniff"), path);
            Assert.That(Header(answer, "Referrer-Policy"), Is.EqualTo("no-referrer"), path);
            Assert.That(Header(answer, "Cross-Origin-Resource-Policy"), Is.EqualTo("same-origin"), path);
            Assert.That(Header(answer, "Cross-Origin-Opener-Policy"), Is.EqualTo("same-origin"), path);
            Assert.That(Header(answer, "Cache-Control"), path.Length == 0 ? Is.EqualTo("no-cache").Or.EqualTo("no-store") : Is.EqualTo("no-store"), path);
            Assert.That(
                Header(answer, "Content-Security-Policy").Split(';', StringSplitOptions.TrimEntries),
                path.EndsWith("/html", StringComparison.Ordinal)
                    ? Is.EqualTo(new[] { "sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'" })
                    : Does.Contain("default-src 'none'").And.Contain("frame-ancestors 'none'"),
                path);
        }
    }

    [Test]
    public async Task The_path_without_its_slash_leads_to_the_page()
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await inbox.Http.GetAsync(inbox.Root.ToString().TrimEnd('/'));
        Assert.That((answer.StatusCode, answer.Headers.Location?.ToString()), Is.EqualTo((HttpStatusCode.Redirect, "/mail/")));
    }

    [Test]
    public async Task What_the_host_does_not_show_or_allow_is_not_there()
    {
        await using var inbox = await InboxHost.StartAsync(static options =>
        {
            options.AllowsDelete = false;
            options.ShowsAccount = static address => address.LocalPart != "alice";
        });
        await inbox.SendAsync("Subject: x\r\n\r\n");
        await inbox.SendAsync("Subject: x\r\n\r\n", "alice@example.org");
        Assert.That((await inbox.ListAsync()).Select(static item => (string?)item!["account"]), Is.EqualTo(new[] { "bob@example.org" }));
        Assert.That(await inbox.ListAsync("?account=alice@example.org"), Is.Empty);
        Assert.That((await inbox.GetAsync("api/mailboxes")).AsArray().Any(static box => (string?)box!["account"] == "alice@example.org"), Is.False);
        var id = await inbox.NewestAsync();
        Assert.That((await inbox.ChangeAsync(HttpMethod.Delete, $"api/messages/{id}")).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await inbox.ChangeAsync(HttpMethod.Delete, "api/messages")).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((bool)(await inbox.GetAsync("api/settings"))["canDelete"]!, Is.False);

        // A well-formed id of the account that is not shown.
        var text = System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(id)).Replace("bob@", "alice@", StringComparison.Ordinal);
        var hidden = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.That((await inbox.Http.GetAsync($"api/messages/{hidden}")).StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Without_a_mail_server_the_first_request_says_what_to_call()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        MailCore.AspNetCore.MailInboxEndpointExtensions.MapMailInbox(app);
        var failures = new List<string>();
        app.Use(async (_, next) =>
        {
            try
            {
                await next();
            }
            catch (InvalidOperationException error)
            {
                failures.Add(error.Message);
                throw;
            }
        });
        await app.StartAsync();
        using var http = new HttpClient();
        Assert.That((await http.GetAsync($"{app.Urls.Single()}/mail/api/messages")).StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(failures.Single(), Does.Contain("AddMailServer"));
    }

    private static void From(WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Request.Headers[Client] is [{ } client])
        {
            context.Connection.RemoteIpAddress = client == "none" ? null : IPAddress.Parse(client);
        }

        await next();
    });

    private static void Set(HttpRequestMessage request, string name, string? value)
    {
        if (value is not null)
        {
            request.Headers.Add(name, value);
        }
    }

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";

    private sealed class TestScheme(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
            Task.FromResult(Request.Headers.Authorization == "Test alice"
                ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "alice")], "test")), "test"))
                : AuthenticateResult.NoResult());
    }
}
