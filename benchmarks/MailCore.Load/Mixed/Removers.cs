using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>Goes from account to account and removes the oldest messages, so that mailboxes keep their size.</summary>
internal abstract class Remover(MixedSite site) : IMixedClient
{
    /// <summary>What stays in a mailbox.</summary>
    protected const int Kept = 40;

    /// <summary>What is removed in a session at most.</summary>
    protected const int Most = 60;
    private const double Pace = 0.4;
    private int _next;

    public abstract string Name { get; }

    protected MixedSite Site => site;

    public async Task<TimeSpan> RunSessionAsync(Random random, Fuse fuse, CancellationToken stop)
    {
        var account = site.Accounts[_next++ % site.Accounts.Count];
        await account.Gate.WaitAsync(stop);
        try
        {
            await RemoveAsync(account, random, fuse, stop);
        }
        finally
        {
            account.Gate.Release();
        }

        return TimeSpan.FromSeconds(Pace);
    }

    protected abstract Task RemoveAsync(MixedAccount account, Random random, Fuse fuse, CancellationToken stop);
}

/// <summary>Fetches, compares, flags \Deleted and expunges by IMAP.</summary>
internal sealed class ImapRemover(MixedSite site) : Remover(site)
{
    public override string Name => "IMAP removing";

    protected override async Task RemoveAsync(MixedAccount account, Random random, Fuse fuse, CancellationToken stop)
    {
        var implicitTls = random.Next(2) == 0;
        await using var wire = await Wire.ConnectAsync(Site.Ports[implicitTls ? "imaps" : "imap"], fuse, stop);
        var imap = new ImapDialog(wire);
        await imap.LogInAsync(implicitTls, account.Address, account.Password);
        foreach (var mailbox in new[] { "INBOX", MixedSite.Archive, MixedSite.Copies })
        {
            var count = Math.Min(await imap.SelectAsync(mailbox) - Kept, Most);
            if (count > 0)
            {
                await RemoveAsync(imap, account, (mailbox, count), Site.DrawLostAnswer(random, fuse));
            }
        }

        await imap.RunAsync("LOGOUT");
    }

    private async Task RemoveAsync(ImapDialog imap, MixedAccount account, (string Name, int Count) mailbox, Fuse? lostAnswer)
    {
        using var removal = new Removal(lostAnswer);
        var rows = await imap.FetchAsync(string.Create(CultureInfo.InvariantCulture, $"FETCH 1:{mailbox.Count}"), "BODY.PEEK[]");
        foreach (var (uid, octets) in rows)
        {
            var copy = Site.Ledger.Read(octets, account.Address, $"{mailbox.Name} by IMAP");
            if (mailbox.Name == MixedSite.Copies)
            {
                Site.Ledger.NoteDuplicateFound(account.Address, uid);
            }
            else if (copy is not null)
            {
                removal.Add(copy);
            }
        }

        if (rows.Count == 0)
        {
            return;
        }

        var uids = string.Join(',', rows.Select(row => row.Uid));
        await imap.RunAsync($"UID STORE {uids} +FLAGS.SILENT (\\Deleted)");
        removal.Begin();
        await imap.RunAsync($"UID EXPUNGE {uids}");
        removal.Confirm();
        Site.Observations.Count($"{Name}: messages", rows.Count);
    }
}

/// <summary>RETR, DELE and QUIT.</summary>
internal sealed class Pop3Remover(MixedSite site) : Remover(site)
{
    public override string Name => "POP3";

    protected override async Task RemoveAsync(MixedAccount account, Random random, Fuse fuse, CancellationToken stop)
    {
        var implicitTls = random.Next(2) == 0;
        await using var wire = await Wire.ConnectAsync(Site.Ports[implicitTls ? "pop3s" : "pop3"], fuse, stop);
        var pop3 = new Pop3Dialog(wire);
        await pop3.LogInAsync(implicitTls, account.Address, account.Password);
        var count = Math.Min(await pop3.CountAsync() - Kept, Most);
        await pop3.ReadAsync(random.Next(2) == 0 ? "UIDL" : "LIST");
        using var removal = new Removal(Site.DrawLostAnswer(random, fuse));
        for (var number = 1; number <= count; number++)
        {
            var octets = await pop3.ReadAsync(string.Create(CultureInfo.InvariantCulture, $"RETR {number}"));
            if (Site.Ledger.Read(octets, account.Address, "INBOX by POP3") is { } copy)
            {
                removal.Add(copy);
            }

            await pop3.RunAsync(string.Create(CultureInfo.InvariantCulture, $"DELE {number}"));
        }

        removal.Begin();
        await pop3.RunAsync("QUIT");
        removal.Confirm();
        Site.Observations.Count($"{Name}: messages", Math.Max(0, count));
    }
}
