using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
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
    [TestCase("selfish@example.org", "550 5.4.6")]
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

    [TestCase("bob@example.org", "bob@example.org")]
    [TestCase("bob+x@example.org", "bob@example.org")]
    [TestCase("all@example.org", "bob@example.org alice@example.org")]
    [TestCase("anybody@example.org", "alice@example.org")]
    [TestCase("sales-eu@example.org", "bob@example.org")]
    [TestCase("SALES-eu@Example.ORG", "bob@example.org")]
    [TestCase("old.alice@example.org", "alice@example.org")]
    [TestCase("old.nobody@example.org", "alice@example.org")]
    [TestCase("Case@example.org", "bob@example.org")]
    [TestCase("case@example.org", "alice@example.org")]
    [TestCase("bob@twin.example", "bob@example.org")]
    [TestCase("x@twin.example", "alice@example.org")]
    [TestCase("x@elsewhere.example", "550 5.7.1 Relay")]
    [TestCase("sales-eu@elsewhere.example", "550 5.7.1 Relay")]
    [TestCase("x@backup.example", "550 5.7.1 This server")]
    public async Task What_exists_comes_first_then_expressions_then_the_catch_all(string address, string expected)
    {
        var directory = await DirectoryAsync();
        directory.AddAlias(MailAlias.Parse("@example.org", "alice@example.org"));
        directory.AddAlias(MailAlias.Parse("@twin.example", "@example.org"));
        directory.AddAlias(MailAlias.Parse(@"/^sales-.*@.*$/", "bob@example.org"));
        directory.AddAlias(MailAlias.Parse(@"/^old\.(.*)@example\.org$/", "${1}@example.org"));
        directory.AddAlias(MailAlias.Parse(@"/^Case@/c", "bob@example.org"));
        // Expressions that match an existing address do not take its mail away.
        directory.AddAlias(MailAlias.Parse(@"/^(bob|all)@example/", "alice@example.org"));
        var router = new DirectoryRouter(directory);
        Assert.That(Describe(await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default)), Does.StartWith(expected));
    }

    [Test]
    public async Task A_forward_passes_on_with_or_without_a_copy_and_loops_end()
    {
        var directory = await DirectoryAsync();
        var (bob, alice, plus) = (new AccountId("bob@example.org"), new AccountId("alice@example.org"), new AccountId("real+plus@example.org"));
        await directory.SetForwardAsync(bob, new MailForward([EmailAddress.Parse("eve@elsewhere.example")], KeepsCopy: true), default);
        await directory.SetForwardAsync(alice, new MailForward([EmailAddress.Parse("bob@example.org")], KeepsCopy: false), default);
        await directory.SetForwardAsync(plus, new MailForward([EmailAddress.Parse("real+plus@example.org")], KeepsCopy: false), default);
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions { RelaysOutward = true });
        Assert.Multiple(async () =>
        {
            Assert.That(await RouteAsync("bob@example.org"), Is.EqualTo("bob@example.org relay eve@elsewhere.example"));
            Assert.That(await RouteAsync("alice@example.org"), Is.EqualTo("bob@example.org relay eve@elsewhere.example"));
            Assert.That(await RouteAsync("real+plus@example.org"), Does.StartWith("550 5.4.6"));
            Assert.That(await RouteAsync("all@example.org"), Is.EqualTo("bob@example.org relay eve@elsewhere.example"));
        });
        await directory.SetForwardAsync(bob, new MailForward([EmailAddress.Parse("alice@example.org")], KeepsCopy: false), default);
        Assert.That(await RouteAsync("bob@example.org"), Does.StartWith("550 5.4.6"));
        await directory.SetForwardAsync(bob, null, default);
        Assert.That(await RouteAsync("bob@example.org"), Is.EqualTo("bob@example.org"));

        async Task<string> RouteAsync(string address) => Describe(await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default));
    }

    [Test]
    public async Task A_redelivery_leads_to_the_mailbox_and_follows_no_forward_again()
    {
        var directory = await DirectoryAsync();
        await directory.SetForwardAsync(new AccountId("bob@example.org"), new MailForward([EmailAddress.Parse("eve@elsewhere.example")], KeepsCopy: true), default);
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions { RelaysOutward = true });
        var first = (RecipientRoute.Expand)await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("nested@example.org")), default);
        var waiting = first.Targets.OfType<RecipientRoute.Local>().First(static local => local.Account.Value == "bob@example.org").Address!;
        var again = new MailSessionInfo { ConnectionId = "queue", Protocol = "local", ServerName = "mx.example.org", IsRedelivery = true };
        Assert.That(Describe(await router.RouteAsync(Transaction(again), new Recipient(waiting), default)), Is.EqualTo("bob@example.org"));
    }

    [Test]
    public async Task A_relay_domain_may_name_its_next_hop()
    {
        var directory = await DirectoryAsync();
        directory.AddRelayDomain("inside.example", NextHop.Lmtp("localhost", 2424));
        var queue = new DirectoryRouter(directory, new DirectoryRouterOptions { RelaysOutward = true });
        var handing = new DirectoryRouter(directory, new DirectoryRouterOptions { HandsOver = true });
        var recipient = new Recipient(EmailAddress.Parse("x@inside.example"));
        Assert.Multiple(async () =>
        {
            foreach (var router in new[] { queue, handing })
            {
                Assert.That(await router.RouteAsync(Stranger(), recipient, default), Is.EqualTo(new RecipientRoute.Relay(recipient.Address, NextHop.Lmtp("localhost", 2424))));
            }

            // Without a queue only what has somewhere to go at once.
            Assert.That(Describe(await handing.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse("x@backup.example")), default)), Does.StartWith("550 5.7.1"));
            Assert.That(Describe(await handing.RouteAsync(User(), new Recipient(EmailAddress.Parse("x@elsewhere.example")), default)), Does.StartWith("550 5.7.1"));
        });
    }

    [TestCase(false, "bob+Lists@example.org", null)]
    [TestCase(true, "bob+Lists@example.org", "Lists")]
    [TestCase(true, "bob+a+b@example.org", "a+b")]
    [TestCase(true, "bob+@example.org", null)]
    [TestCase(true, "bob@example.org", null)]
    [TestCase(true, "real+plus@example.org", null)]
    [TestCase(true, "boblists@example.org", "Lists")]
    public async Task A_subaddress_may_name_a_folder(bool isOn, string address, string? folder)
    {
        var directory = await DirectoryAsync();
        directory.AddAlias(EmailAddress.Parse("boblists@example.org"), EmailAddress.Parse("bob+Lists@example.org"));
        var router = new DirectoryRouter(directory, new DirectoryRouterOptions { SubaddressMailboxes = isOn });
        var route = (RecipientRoute.Local)await router.RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default);
        Assert.That(route.Mailbox, Is.EqualTo(folder));
    }

    [TestCase("anna@bücher.example", "anna@bücher.example")]
    [TestCase("Anna@xn--bcher-kva.example", "anna@bücher.example")]
    [TestCase("anna+x@XN--BCHER-KVA.example", "anna@bücher.example")]
    [TestCase("nobody@xn--bcher-kva.example", "550 5.1.1")]
    [TestCase("karl@xn--mnchen-3ya.example", "karl@xn--mnchen-3ya.example")]
    [TestCase("karl@münchen.example", "karl@xn--mnchen-3ya.example")]
    [TestCase("anna@xn--bcher-kv.example", "550 5.7.1")]
    [TestCase("anna@xn--99999999999999.example", "550 5.7.1")]
    [TestCase("anna@bücher.elsewhere.example", "550 5.7.1")]
    public async Task A_domain_is_the_same_in_a_labels_and_in_u_labels(string address, string expected)
    {
        var directory = new InMemoryMailDirectory();
        await directory.CreateAsync(EmailAddress.Parse("anna@bücher.example"), null, default);
        await directory.CreateAsync(EmailAddress.Parse("karl@xn--mnchen-3ya.example"), null, default);
        var route = await new DirectoryRouter(directory).RouteAsync(Stranger(), new Recipient(EmailAddress.Parse(address)), default);
        Assert.That(Describe(route), Does.StartWith(expected));
    }

    [Test]
    public async Task Lists_that_name_the_same_people_over_and_over_are_bounded()
    {
        var directory = await DirectoryAsync();
        var bob = EmailAddress.Parse("bob@example.org");
        var lists = Enumerable.Range(0, 20).Select(i => EmailAddress.Parse($"list{i}@example.org")).ToArray();
        foreach (var list in lists)
        {
            directory.AddAlias(list, [.. lists, bob, .. Enumerable.Range(0, 100).Select(i => EmailAddress.Parse($"u{i}@example.org"))]);
        }

        var small = new DirectoryRouter(directory, new DirectoryRouterOptions { MaxExpansion = 20 });
        var large = new DirectoryRouter(directory, new DirectoryRouterOptions { MaxExpansion = 300 });
        Assert.That(Describe(await small.RouteAsync(Stranger(), new Recipient(lists[0]), default)), Does.StartWith("451 4.3.5"));
        Assert.That(Describe(await large.RouteAsync(Stranger(), new Recipient(lists[0]), default)), Is.EqualTo("bob@example.org"));
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
