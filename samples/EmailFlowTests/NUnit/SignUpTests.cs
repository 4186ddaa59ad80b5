using EmailFlowTests.SignUp;
using MailCore.Testing;
using NUnit.Framework;

namespace EmailFlowTests.NUnit;

public sealed class SignUpTests
{
    // 1 where nothing is said; more to look for what happens rarely.
    private static readonly int Runs = int.TryParse(Environment.GetEnvironmentVariable("MAILCORE_FLOW_RUNS"), out var runs) ? runs : 1;

    private static TestMailServer Mail => MailFixture.Mail;

    [Test]
    public Task Following_the_link_makes_a_member([Range(1, 4)] int copy) => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();

        Assert.That(await shop.RegisterAsync(alice.Address));
        var message = await alice.WaitForAsync(m => m.Subject == "Confirm your address");
        Assert.That(shop.IsMember(alice.Address), Is.False);
        Assert.That(await shop.ConfirmAsync(message.Links[0]));

        await alice.WaitForAsync(m => m.Subject == "Welcome");
        Assert.That(shop.IsMember(alice.Address));
    });

    [Test]
    public Task A_server_that_is_busy_is_tried_again([Range(1, 4)] int copy) => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();
        var busy = Mail.Faults.OnRecipient(alice).Reply(451, "4.3.2", "Later").Times(2);

        Assert.That(await shop.RegisterAsync(alice.Address));

        await alice.WaitForAsync(m => m.Subject == "Confirm your address");
        Assert.That(busy.Hits, Is.EqualTo(2));
        busy.Remove();
    });

    [Test]
    public Task An_address_that_does_not_exist_gets_nothing([Range(1, 4)] int copy) => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();
        var gone = Mail.Faults.OnRecipient(alice).Reply(550, "5.1.1", "No such user");

        Assert.That(await shop.RegisterAsync(alice.Address), Is.False);

        await alice.AssertQuietAsync(TimeSpan.FromMilliseconds(1));
        gone.Remove();
    });

    [Test]
    public Task A_link_works_once([Range(1, 4)] int copy) => RepeatAsync(async () =>
    {
        var app = Mail.CreateInbox();
        var shop = new SignUpService(Mail.Host, Mail.SubmissionPort, app.Credential);
        var alice = Mail.CreateInbox();

        await shop.RegisterAsync(alice.Address);
        var message = await alice.WaitForAsync();
        Assert.That(message.Session.AuthenticatedUser, Is.EqualTo(app.Address));
        Assert.That(await shop.ConfirmAsync(message.Links[0]));
        Assert.That(await shop.ConfirmAsync(message.Links[0]), Is.False);

        Assert.That(await alice.WaitForManyAsync(2), Has.Count.EqualTo(2));
    });

    private static async Task RepeatAsync(Func<Task> test)
    {
        for (var run = 0; run < Runs; run++)
        {
            await test();
        }
    }
}
