using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>What both kinds of senders do: a few messages in a session, and again what was cut off.</summary>
internal abstract class Sender(MixedSite site, double perSecond) : IMixedClient
{
    private const int MostInSession = 5;
    private const double ShareSentAgain = 0.5;
    private readonly Queue<Parcel> _again = new();

    public abstract string Name { get; }

    protected MixedSite Site => site;

    public async Task<TimeSpan> RunSessionAsync(Random random, Fuse fuse, CancellationToken stop)
    {
        await using var wire = await Wire.ConnectAsync(DrawPort(random, out var implicitTls, out var startTls), fuse, stop);
        var smtp = new SmtpDialog(wire);
        await smtp.GreetAsync(implicitTls, startTls);
        var account = await LogInAsync(smtp, random);
        var count = random.Next(1, MostInSession + 1);
        for (var i = 0; i < count; i++)
        {
            await SendAsync(smtp, account, random, fuse);
        }

        await smtp.QuitAsync();
        return TimeSpan.FromSeconds(count / perSecond * (0.5 + random.NextDouble()));
    }

    protected abstract int DrawPort(Random random, out bool implicitTls, out bool startTls);

    /// <summary>Null for a stranger.</summary>
    protected abstract Task<MixedAccount?> LogInAsync(SmtpDialog smtp, Random random);

    protected abstract Parcel Pack(MixedAccount? account, Random random);

    private async Task SendAsync(SmtpDialog smtp, MixedAccount? account, Random random, Fuse fuse)
    {
        // Another session may have logged in as somebody else.
        var parcel = _again.TryPeek(out var waiting) && (account is null || waiting.Sender == account.Address) ? _again.Dequeue() : Pack(account, random);
        using var sending = site.Ledger.Send(parcel.Letter, parcel.Owners, site.DrawLostAnswer(random, fuse));
        var isAnswered = false;
        try
        {
            await smtp.SendAsync(parcel.Letter, parcel.Sender, parcel.Recipients, (SmtpStyle)random.Next(3), sending);
            isAnswered = true;
            site.Observations.Count($"{Name}: messages answered 250");
            site.Observations.Count($"{Name}: octets", parcel.Letter.Octets.Length);
        }
        finally
        {
            if (!isAnswered && random.NextDouble() < ShareSentAgain)
            {
                site.Observations.Count($"{Name}: messages sent again after a cut");
                _again.Enqueue(parcel);
            }
        }
    }
}

/// <summary>A message with its envelope.</summary>
/// <param name="Letter">The message.</param>
/// <param name="Sender">The reverse path.</param>
/// <param name="Recipients">With the reply that RCPT must have.</param>
/// <param name="Owners">Where copies are to be found.</param>
internal sealed record Parcel(Letter Letter, string Sender, IReadOnlyList<(string Address, string Reply)> Recipients, IReadOnlyList<string> Owners)
{
    public static Parcel Pack(Ledger ledger, string sender, IReadOnlyList<string> owners, Random random) =>
        new(ledger.Write(sender, owners[0], random), sender, [.. owners.Select(owner => (owner, "250"))], owners);

    public Parcel WithRefused(string address) => this with { Recipients = [.. Recipients, (address, "550 5.1.1")] };
}

/// <summary>Another server, on port 25.</summary>
internal sealed class StrangerClient(MixedSite site, double perSecond) : Sender(site, perSecond)
{
    private const double ShareOfTls = 0.3;
    private const double ShareOfUnknownUsers = 0.05;

    public override string Name => "SMTP in";

    protected override int DrawPort(Random random, out bool implicitTls, out bool startTls)
    {
        (implicitTls, startTls) = (false, random.NextDouble() < ShareOfTls);
        return Site.Ports["smtp"];
    }

    protected override Task<MixedAccount?> LogInAsync(SmtpDialog smtp, Random random) => Task.FromResult<MixedAccount?>(null);

    protected override Parcel Pack(MixedAccount? account, Random random)
    {
        var owners = Enumerable.Range(0, random.Next(10) < 7 ? 1 : random.Next(2, 5)).Select(_ => Site.DrawAccount(random).Address).Distinct().ToArray();
        var parcel = Parcel.Pack(Site.Ledger, string.Create(CultureInfo.InvariantCulture, $"stranger{random.Next(100)}@far.example"), owners, random);
        return random.NextDouble() < ShareOfUnknownUsers ? parcel.WithRefused($"nobody@{MixedSite.Domain}") : parcel;
    }
}

/// <summary>A user's program, on the ports of submission.</summary>
internal sealed class SubmitterClient(MixedSite site, double perSecond) : Sender(site, perSecond)
{
    private const double ShareOfGone = 0.03;

    public override string Name => "Submission";

    protected override int DrawPort(Random random, out bool implicitTls, out bool startTls)
    {
        implicitTls = random.Next(2) == 0;
        startTls = !implicitTls;
        return Site.Ports[implicitTls ? "submissions" : "submission"];
    }

    protected override async Task<MixedAccount?> LogInAsync(SmtpDialog smtp, Random random)
    {
        var account = Site.DrawAccount(random);
        await smtp.LogInAsync(account.Address, account.Password);
        return account;
    }

    protected override Parcel Pack(MixedAccount? account, Random random)
    {
        var sender = account!.Address;
        var outside = Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"{MixedSite.OutsideUsers[random.Next(MixedSite.OutsideUsers.Count)]}@{MixedSite.Elsewhere}").Distinct();
        string[] owners = random.Next(10) switch
        {
            < 6 => [.. outside],
            < 9 => [.. outside, Site.DrawAccount(random).Address],
            _ => [Site.DrawAccount(random).Address],
        };
        var parcel = Parcel.Pack(Site.Ledger, sender, owners, random);

        // Postfix refuses it, so the sender gets a report.
        return random.NextDouble() < ShareOfGone
            ? parcel with { Recipients = [.. parcel.Recipients, ($"gone@{MixedSite.Elsewhere}", "250")], Owners = [.. owners, Ledger.ReportTo(sender)] }
            : parcel;
    }
}
