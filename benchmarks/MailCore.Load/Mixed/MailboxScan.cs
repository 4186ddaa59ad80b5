using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>Reads everything that is in the mailboxes at the end.</summary>
internal sealed class MailboxScan(MixedSite site, IReadOnlyDictionary<string, int> ports, CancellationToken stop)
{
    private const int Batch = 50;

    public async Task RunAsync()
    {
        foreach (var account in site.Accounts)
        {
            await using var wire = await Wire.ConnectAsync(ports["imaps"], Fuse.Endless(), stop);
            var imap = new ImapDialog(wire);
            await imap.LogInAsync(implicitTls: true, account.Address, account.Password);
            foreach (var mailbox in new[] { "INBOX", MixedSite.Archive, MixedSite.Copies })
            {
                await ReadAsync(imap, account.Address, mailbox);
            }
        }
    }

    /// <summary>Makes the mailboxes that the clients use.</summary>
    public async Task PrepareAsync()
    {
        foreach (var account in site.Accounts)
        {
            await using var wire = await Wire.ConnectAsync(ports["imaps"], Fuse.Endless(), stop);
            var imap = new ImapDialog(wire);
            await imap.LogInAsync(implicitTls: true, account.Address, account.Password);
            var there = (await imap.RunAsync("LIST \"\" \"*\"")).Select(response => response.Text).ToArray();
            foreach (var mailbox in new[] { MixedSite.Archive, MixedSite.Copies }.Where(mailbox => !there.Any(line => line.EndsWith($" {mailbox}", StringComparison.Ordinal))))
            {
                await imap.RunAsync($"CREATE {mailbox}");
            }
        }
    }

    /// <summary>Removes a message without a word to the ledger.</summary>
    public async Task SabotageAsync()
    {
        foreach (var account in site.Accounts)
        {
            await using var wire = await Wire.ConnectAsync(ports["imaps"], Fuse.Endless(), stop);
            var imap = new ImapDialog(wire);
            await imap.LogInAsync(implicitTls: true, account.Address, account.Password);
            if (await imap.SelectAsync("INBOX") > 0)
            {
                await imap.RunAsync("STORE 1 +FLAGS.SILENT (\\Deleted)");
                await imap.RunAsync("EXPUNGE");
                return;
            }
        }

        throw new IOException("There is no message to remove.");
    }

    private async Task ReadAsync(ImapDialog imap, string account, string mailbox)
    {
        var count = await imap.SelectAsync(mailbox);
        for (var first = 1; first <= count; first += Batch)
        {
            foreach (var (uid, octets) in await imap.FetchAsync(string.Create(CultureInfo.InvariantCulture, $"FETCH {first}:{Math.Min(count, first + Batch - 1)}"), "BODY.PEEK[]"))
            {
                var copy = site.Ledger.Read(octets, account, $"{mailbox} at the end");
                if (mailbox == MixedSite.Copies)
                {
                    site.Ledger.NoteDuplicateFound(account, uid);
                }
                else
                {
                    copy?.NotePresent();
                }
            }
        }
    }
}
