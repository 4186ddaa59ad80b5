namespace MailCore.Load.Mixed;

/// <summary>Takes what Postfix has delivered out of its users' Maildirs.</summary>
internal sealed class PostfixMail(string folder, Ledger ledger, Observations observations)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken over)
    {
        try
        {
            while (true)
            {
                Collect();
                await Task.Delay(Pause, over);
            }
        }
        catch (OperationCanceledException)
        {
            Collect();
        }
    }

    private void Collect()
    {
        foreach (var user in MixedSite.OutsideUsers)
        {
            // Postfix renames a message into this folder when it is whole.
            var arrived = Path.Combine(folder, user, "new");
            foreach (var file in Directory.Exists(arrived) ? Directory.GetFiles(arrived) : [])
            {
                if (ledger.Read(ToCrlf(File.ReadAllBytes(file)), $"{user}@{MixedSite.Elsewhere}", "Postfix's Maildir") is { } copy)
                {
                    copy.NoteRemoved();
                }

                observations.Count("Postfix: messages delivered");
                File.Delete(file);
            }
        }
    }

    // A Maildir keeps lines with LF.
    private static byte[] ToCrlf(byte[] lines)
    {
        var octets = new MemoryStream(lines.Length + lines.Length / 50);
        for (var rest = lines.AsSpan(); rest.Length > 0;)
        {
            var end = rest.IndexOf((byte)'\n');
            octets.Write(end < 0 ? rest : rest[..end]);
            if (end < 0)
            {
                break;
            }

            octets.Write("\r\n"u8);
            rest = rest[(end + 1)..];
        }

        return octets.ToArray();
    }
}
