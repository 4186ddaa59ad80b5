using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>Reads, searches, flags, copies, moves and appends, and waits in IDLE.</summary>
internal sealed class ImapUser(MixedSite site) : IMixedClient
{
    private const int FewestCommands = 3;
    private const int MostCommands = 15;
    private const int MostThought = 200;
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(4);

    public string Name => "IMAP user";

    public async Task<TimeSpan> RunSessionAsync(Random random, Fuse fuse, CancellationToken stop)
    {
        var account = site.DrawAccount(random);
        var implicitTls = random.Next(2) == 0;
        await using var wire = await Wire.ConnectAsync(site.Ports[implicitTls ? "imaps" : "imap"], fuse, stop);
        var imap = new ImapDialog(wire);
        await imap.LogInAsync(implicitTls, account.Address, account.Password);
        await imap.SelectAsync("INBOX");
        var commands = random.Next(FewestCommands, MostCommands);
        for (var i = 0; i < commands && !stop.IsCancellationRequested; i++)
        {
            await RunCommandAsync(imap, account, random, fuse);
            site.Observations.Count($"{Name}: commands");
            await Task.Delay(random.Next(MostThought), stop);
        }

        await imap.RunAsync("LOGOUT");
        return TimeSpan.FromSeconds(random.NextDouble());
    }

    private async Task RunCommandAsync(ImapDialog imap, MixedAccount account, Random random, Fuse fuse)
    {
        switch (random.Next(12))
        {
            case 0:
                await imap.RunAsync("UID FETCH 1:* (FLAGS)");
                break;
            case 1:
                await imap.RunAsync("UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)");
                break;
            case 2:
                await ReadAsync(imap, account, random);
                break;
            case 3 or 4:
                await imap.RunAsync($"UID STORE {await DrawUidsAsync(imap, random)} {(random.Next(2) == 0 ? "+" : "-")}FLAGS ({(random.Next(2) == 0 ? "\\Seen \\Flagged" : "$Label1")})");
                break;
            case 5:
                await imap.RunAsync($"UID SEARCH {random.Next(4) switch { 0 => "UNSEEN", 1 => "SUBJECT seven", 2 => "SINCE 1-Jan-2020 SMALLER 5000", _ => "BODY qqqq" }}");
                break;
            case 6:
                await CopyAsync(imap, account, random);
                break;
            case 7:
                await MoveAsync(imap, account, random);
                break;
            case 8:
                await AppendAsync(imap, account, random, fuse);
                break;
            case 9:
                await IdleAsync(imap, random, fuse);
                break;
            case 10:
                await imap.RunAsync(random.Next(2) == 0 ? "LIST \"\" \"*\"" : $"STATUS {MixedSite.Archive} (MESSAGES UIDNEXT UNSEEN)");
                break;
            default:
                // By sequence number: BAD if this side has not heard of what others expunged.
                if (imap.There > 0)
                {
                    await imap.RunAsync(string.Create(CultureInfo.InvariantCulture, $"FETCH {random.Next(1, imap.There + 1)}:{imap.There} (UID FLAGS)"));
                }

                await imap.RunAsync("NOOP");
                break;
        }
    }

    private async Task ReadAsync(ImapDialog imap, MixedAccount account, Random random)
    {
        foreach (var (_, octets) in await imap.FetchAsync($"UID FETCH {await DrawUidsAsync(imap, random)}", "BODY[]"))
        {
            _ = site.Ledger.Read(octets, account.Address, "INBOX by IMAP");
        }
    }

    private async Task CopyAsync(ImapDialog imap, MixedAccount account, Random random)
    {
        var uids = await DrawUidsAsync(imap, random);
        var numbers = await ReadNumbersAsync(imap, uids);
        foreach (var (from, to) in ImapDialog.ReadCopied(await imap.RunAsync($"UID COPY {uids} {MixedSite.Copies}")))
        {
            if (numbers.TryGetValue(from, out var number))
            {
                site.Ledger.NoteDuplicate(account.Address, to, number);
            }
        }
    }

    private async Task MoveAsync(ImapDialog imap, MixedAccount account, Random random)
    {
        // Nobody waits for another here while the server waits for it.
        if (!await account.Gate.WaitAsync(0))
        {
            return;
        }

        try
        {
            var uids = await DrawUidsAsync(imap, random);
            using var moving = site.Ledger.Move(account.Address, (await ReadNumbersAsync(imap, uids)).Values);
            await imap.RunAsync($"UID MOVE {uids} {MixedSite.Archive}");
            moving.Confirm();
            site.Observations.Count($"{Name}: moves");
        }
        finally
        {
            account.Gate.Release();
        }
    }

    private async Task AppendAsync(ImapDialog imap, MixedAccount account, Random random, Fuse fuse)
    {
        var letter = site.Ledger.Write(account.Address, account.Address, random);
        using var sending = site.Ledger.Send(letter, [account.Address], site.DrawLostAnswer(random, fuse));
        await imap.AppendAsync("INBOX", letter, waits: random.Next(2) == 0, sending);
        site.Observations.Count($"{Name}: messages appended");
    }

    private static async Task IdleAsync(ImapDialog imap, Random random, Fuse fuse)
    {
        // A killed client often was in IDLE, where few octets burn the fuse.
        if (fuse.CanBlow && random.Next(2) == 0)
        {
            fuse.LightByWrite();
        }

        await imap.IdleAsync(LongestIdle * random.NextDouble());
    }

    private static async Task<string> DrawUidsAsync(ImapDialog imap, Random random)
    {
        var found = (await imap.RunAsync("UID SEARCH UNDELETED")).Select(response => response.Text).First(text => text.StartsWith("* SEARCH", StringComparison.Ordinal)).Split(' ').Skip(2).ToArray();
        return found.Length == 0 ? "1" : string.Join(',', random.GetItems(found, random.Next(1, 5)).Distinct());
    }

    private static async Task<Dictionary<uint, int>> ReadNumbersAsync(ImapDialog imap, string uids) =>
        (await imap.FetchAsync($"UID FETCH {uids}", "BODY.PEEK[HEADER.FIELDS (X-Load-Number)]"))
            .Select(row => (row.Uid, Found: Letter.Read([.. "\r\n"u8, .. row.Octets]))).Where(row => row.Found is not null)
            .ToDictionary(row => row.Uid, row => row.Found!.Value.Number);
}
