using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage.InMemory;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DirectoryRouterTests
{
    [TestCase("bob@example.org", "bob@example.org")]
    [TestCase("BOB@EXAMPLE.ORG", "bob@example.org")]
    [TestCase("bob+tag@example.org", "bob@example.org")]
    [TestCase("bob+a+b@example.org", "bob@example.org")]
    [TestCase("real+plus@example.org", "real+plus@example.org")]
    [TestCase("loop@example.org", "bob@example.org")]
    [TestCase("half+x@example.org", "alice@example.org")]
    [TestCase("nested@example.org", "bob@example.org alice@example.org")]
    [TestCase("twice@example.org", "bob@example.org")]
    [TestCase("nobody@example.org", "550 5.1.1")]
    [TestCase("+tag@example.org", "550 5.1.1")]
    [TestCase("dead@example.org", "550 5.1.1")]
    [TestCase("selfish@example.org", "550 5.1.1")]
    [TestCase("bob@elsewhere.example", "550 5.7.1 Relay")]
    [TestCase("bob@example.org.elsewhere.example", "550 5.7.1 Relay")]
    [TestCase("bob@backup.example", "550 5.7.1 This server")]
    [TestCase("forward@example.org", "550 5.7.1 This server")]
    public async Task An_address_leads_where_the_directory_says(string address, string expected)
    {
        var router = new DirectoryRouter(await DirectoryAsync());
        Assert.That(Describe(await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default)), Does.StartWith(expected));
    }

    [Test]
    public async Task With_a_queue_our_users_and_our_aliases_reach_outward_and_strangers_do_not()
    {
        var router = new DirectoryRouter(await DirectoryAsync(), new DirectoryRouterOptions { RelaysOutward = true });
        Assert.Multiple(async () =>
        {
            Assert.That(await RouteAsync(Stranger(), "eve@elsewhere.example"), Does.StartWith("550 5.7.1 Relay"));
            Assert.That(await RouteAsync(User(), "eve@elsewhere.example"), Is.EqualTo("relay eve@elsewhere.example"));
            Assert.That(await RouteAsync(Host(), "eve@elsewhere.example"), Is.EqualTo("relay eve@elsewhere.example"));
            Assert.That(await RouteAsync(Stranger(), "forward@example.org"), Is.EqualTo("bob@example.org relay bob@elsewhere.example"));
            Assert.That(await RouteAsync(Stranger(), "x@backup.example"), Is.EqualTo("relay x@backup.example"));
        });

        async Task<string> RouteAsync(MailTransaction transaction, string address) =>
            Describe(await router.RouteAsync(transaction, new Recipient(EmailAddress.Parse(address)), default));
    }

    [Test]
    public async Task Authenticated_clients_are_told_that_there_is_no_relay()
    {
        var router = new DirectoryRouter(await DirectoryAsync());
        var route = await router.RouteAsync(User(), new Recipient(EmailAddress.Parse("eve@elsewhere.example")), default);
        Assert.That(Describe(route), Is.EqualTo("550 5.7.1 This server delivers to its own users only, no relay is configured"));
    }

    [TestCase(null, null, "550 5.1.1")]
    [TestCase(null, "example.org", "alice@example.org")]
    [TestCase("bob@example.org", "example.org", "bob@example.org")]
    [TestCase("bob@example.org", null, "bob@example.org")]
    public async Task A_bare_postmaster_finds_somebody(string? postmaster, string? domain, string expected)
    {
        var directory = await DirectoryAsync();
        directory.AddAlias(EmailAddress.Parse("postmaster@example.org"), EmailAddress.Parse("alice@example.org"));
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions
        {
            Postmaster = postmaster is null ? null : EmailAddress.Parse(postmaster),
            DefaultDomain = domain,
        });
        Assert.That(Describe(await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Postmaster), default)), Does.StartWith(expected));
    }

    [Test]
    public async Task The_postmaster_of_every_domain_of_ours_finds_somebody()
    {
        var directory = await DirectoryAsync();
        directory.AddDomain("other.example");
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions { Postmaster = EmailAddress.Parse("bob@example.org") });
        var route = await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("PostMaster@other.example")), default);
        Assert.That(Describe(route), Is.EqualTo("bob@example.org"));
    }

    [Test]
    public async Task Expansion_is_bounded([Values(99, 100)] int targets)
    {
        var directory = await DirectoryAsync();
        var many = new List<EmailAddress>();
        for (var i = 0; i < targets; i++)
        {
            many.Add(EmailAddress.Parse($"u{i}@example.org"));
            await directory.CreateAsync(many[^1], null, default);
        }

        directory.AddAlias(EmailAddress.Parse("many@example.org"), many);
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions { MaxExpansion = 100 });
        var route = Describe(await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("many@example.org")), default));
        Assert.That(route, targets == 99 ? Does.StartWith("u0@example.org u1") : Does.StartWith("451 4.3.5"));
    }

    [Test]
    public async Task Delimiters_are_an_option()
    {
        var directory = await DirectoryAsync();
        var none = new DirectoryRouter(directory, new DirectoryRouterOptions { SubaddressDelimiters = "" });
        var dash = new DirectoryRouter(directory, new DirectoryRouterOptions { SubaddressDelimiters = "-=" });
        Assert.Multiple(async () =>
        {
            Assert.That(Describe(await none.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("bob+x@example.org")), default)), Does.StartWith("550 5.1.1"));
            Assert.That(Describe(await dash.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("bob=x-y@example.org")), default)), Is.EqualTo("bob@example.org"));
        });
    }

    private static async Task<InMemoryMailDirectory> DirectoryAsync()
    {
        var directory = new InMemoryMailDirectory();
        directory.AddDomain("example.org");
        directory.AddRelayDomain("backup.example");
        foreach (var name in new[] { "bob", "alice", "real+plus" })
        {
            await directory.CreateAsync(EmailAddress.Parse($"{name}@example.org"), null, default);
        }

        Alias("loop", "loop2", "bob");
        Alias("loop2", "LOOP");
        Alias("half", "alice", "gone");
        Alias("nested", "all", "bob");
        Alias("all", "bob", "alice");
        Alias("twice", "bob", "bob+x");
        Alias("dead", "gone");
        Alias("selfish", "selfish");
        directory.AddAlias(EmailAddress.Parse("forward@example.org"), EmailAddress.Parse("bob@example.org"), EmailAddress.Parse("bob@elsewhere.example"));
        return directory;

        void Alias(string name, params string[] targets) => directory.AddAlias(
            EmailAddress.Parse($"{name}@example.org"), [.. targets.Select(target => EmailAddress.Parse($"{target}@example.org"))]);
    }

    private static MailTransaction Stranger() => Transaction(new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org" });

    private static MailTransaction User() => Transaction(new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTPSA", ServerName = "mx.example.org", AuthenticatedUser = "bob", AuthenticatedAccount = "bob@example.org" });

    private static MailTransaction Host() => Transaction(new MailSessionInfo { ConnectionId = "1", Protocol = "local", ServerName = "mx.example.org", IsLocal = true });

    private static MailTransaction Transaction(MailSessionInfo session) => new("Q", session, new Envelope(ReversePath.Null), DateTimeOffset.UnixEpoch);

    private static string Describe(RecipientRoute route) => route switch
    {
        RecipientRoute.Local local => local.Account.Value,
        RecipientRoute.Relay relay => $"relay {relay.Address}",
        RecipientRoute.Expand expand => string.Join(' ', expand.Targets.Select(Describe)),
        RecipientRoute.Refuse refuse => refuse.Reply.ToString(),
        _ => "?",
    };
}
