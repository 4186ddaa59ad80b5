using EmailFlowTests.SignUp;
using MailCore.Testing;
using Xunit;

namespace EmailFlowTests.Xunit;

public abstract class SignUpTests(MailFixture fixture) : IClassFixture<MailFixture>
{
    // 1 where nothing is said; more to look for what happens rarely.
    private static readonly int Runs = int.TryParse(Environment.GetEnvironmentVariable("MAILCORE_FLOW_RUNS"), out var runs) ? runs : 1;

    private TestMailServer Mail => fixture.Mail;

    [Fact]
    public Task Following_the_link_makes_a_member() => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();

        Assert.True(await shop.RegisterAsync(alice.Address));
        var message = await alice.WaitForAsync(m => m.Subject == "Confirm your address");
        Assert.False(shop.IsMember(alice.Address));
        Assert.True(await shop.ConfirmAsync(message.Links[0]));

        await alice.WaitForAsync(m => m.Subject == "Welcome");
        Assert.True(shop.IsMember(alice.Address));
    });

    [Fact]
    public Task A_server_that_is_busy_is_tried_again() => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();
        var busy = Mail.Faults.OnRecipient(alice).Reply(451, "4.3.2", "Later").Times(2);

        Assert.True(await shop.RegisterAsync(alice.Address));

        await alice.WaitForAsync(m => m.Subject == "Confirm your address");
        Assert.Equal(2, busy.Hits);
    });

    [Fact]
    public Task An_address_that_does_not_exist_gets_nothing() => RepeatAsync(async () =>
    {
        var shop = new SignUpService(Mail.Host, Mail.SmtpPort);
        var alice = Mail.CreateInbox();
        Mail.Faults.OnRecipient(alice).Reply(550, "5.1.1", "No such user");

        Assert.False(await shop.RegisterAsync(alice.Address));

        await alice.AssertQuietAsync(TimeSpan.FromMilliseconds(1));
    });

    private static async Task RepeatAsync(Func<Task> test)
    {
        for (var run = 0; run < Runs; run++)
        {
            await test();
        }
    }
}
