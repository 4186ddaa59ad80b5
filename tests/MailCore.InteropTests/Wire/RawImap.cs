using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace MailCore.InteropTests.Wire;

/// <summary>IMAP spoken by hand.</summary>
internal sealed partial class RawImap : IAsyncDisposable
{
    private readonly WireConnection _wire;
    private int _tag;

    private RawImap(WireConnection wire) => _wire = wire;

    /// <summary>Connects, with TLS unless told otherwise, logs in, and selects a mailbox unless it is null.</summary>
    public static async Task<RawImap> ConnectAsync(int port, string user, string password, string? mailbox = "INBOX", bool tls = true)
    {
        var imap = new RawImap(await WireConnection.ConnectAsync(port, tls));
        Assert.That(await imap._wire.ReadLineAsync(), Does.StartWith("* OK"));
        await imap.SendAsync($"LOGIN \"{user}\" \"{password}\"");
        if (mailbox is not null)
            await imap.SendAsync($"SELECT \"{mailbox}\"");

        return imap;
    }

    /// <summary>A command that must succeed; its untagged responses, and the tagged one last.</summary>
    public async Task<List<ImapLine>> SendAsync(string command)
    {
        var tag = $"t{++_tag}";
        await _wire.WriteAsync($"{tag} {command}\r\n");
        return await ReadAsync(tag, command);
    }

    public async Task<List<ImapLine>> AppendAsync(string mailbox, long length, Stream message, DateTimeOffset? internalDate = null)
    {
        var tag = $"t{++_tag}";
        var date = internalDate is { } given ? string.Create(CultureInfo.InvariantCulture, $"\"{given:dd-MMM-yyyy HH:mm:ss} {(given.Offset < TimeSpan.Zero ? '-' : '+')}{given.Offset:hhmm}\" ") : "";
        await _wire.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{tag} APPEND \"{mailbox}\" {date}{{{length}}}\r\n"));
        Assert.That(await _wire.ReadLineAsync() ?? throw new EndOfStreamException("The server closed."), Does.StartWith("+"));
        var buffer = new byte[32 * 1024];
        int count;
        while ((count = await message.ReadAsync(buffer)) > 0)
            await _wire.WriteAsync(buffer.AsMemory(0, count));

        await _wire.WriteAsync("\r\n");
        return await ReadAsync(tag, "APPEND");
    }

    /// <summary>The octets of every message of the selected mailbox, in order.</summary>
    public async Task<List<byte[]>> FetchAllAsync() => [.. (await SendAsync("FETCH 1:* BODY.PEEK[]")).Select(static line => line.Content).OfType<byte[]>()];

    /// <summary>The octets of one message.</summary>
    public async Task<byte[]> FetchAsync(int number) => (await SendAsync($"FETCH {number} BODY.PEEK[]")).Select(static line => line.Content).OfType<byte[]>().Single();

    /// <summary>The length of one message, and the hash of its last octets; it is not held.</summary>
    public async Task<(long Length, byte[] Hash)> FetchHashAsync(int number, long last)
    {
        var tag = $"t{++_tag}";
        await _wire.WriteAsync($"{tag} FETCH {number} BODY.PEEK[]\r\n");
        var length = long.Parse(Literal().Match((await _wire.ReadLineAsync())!).Groups[1].Value, CultureInfo.InvariantCulture);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await _wire.ReadAsync(length - last, static _ => { });
        await _wire.ReadAsync(last, piece => hash.AppendData(piece.Span));
        await ReadAsync(tag, "FETCH");
        return (length, hash.GetHashAndReset());
    }

    /// <summary>How many messages the selected mailbox has now.</summary>
    public async Task<int> CountAsync() =>
        (await SendAsync("SEARCH ALL"))[0].Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length - 2;

    /// <summary>The flags of each message of the selected mailbox, sorted, without \Recent.</summary>
    public async Task<List<string>> FlagsAsync()
    {
        // What other sessions changed is told now, and not among the answers.
        await SendAsync("NOOP");
        return [.. (await SendAsync("FETCH 1:* FLAGS")).Select(line => Flags().Match(line.Text)).Where(match => match.Success)
            .Select(match => string.Join(' ', match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(flag => flag != @"\Recent").Order(StringComparer.Ordinal)))];
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    private async Task<List<ImapLine>> ReadAsync(string tag, string command)
    {
        var lines = new List<ImapLine>();
        while (true)
        {
            var line = await ReadResponseAsync();
            lines.Add(line);
            if (line.Text.StartsWith(tag + " ", StringComparison.Ordinal))
            {
                Assert.That(line.Text, Does.StartWith($"{tag} OK"), command);
                return lines;
            }
        }
    }

    private async Task<ImapLine> ReadResponseAsync()
    {
        var text = new StringBuilder();
        var literals = new List<byte[]>();
        while (true)
        {
            var line = await _wire.ReadLineAsync() ?? throw new EndOfStreamException("The server closed.");
            text.Append(line);
            if (Literal().Match(line) is not { Success: true } literal)
                return new ImapLine(text.ToString(), literals);

            using var content = new MemoryStream();
            await _wire.ReadAsync(long.Parse(literal.Groups[1].Value, CultureInfo.InvariantCulture), piece => content.Write(piece.Span));
            literals.Add(content.ToArray());
        }
    }

    [GeneratedRegex(@"\{(\d+)\}$")]
    private static partial Regex Literal();

    [GeneratedRegex(@"^\* \d+ FETCH \(.*FLAGS \(([^)]*)\)")]
    private static partial Regex Flags();
}

/// <summary>A response: its text with literals as their announcements, and the literals.</summary>
internal sealed record ImapLine(string Text, List<byte[]> Literals)
{
    /// <summary>A message's octets; none need no literal.</summary>
    public byte[]? Content => Literals.Count > 0 ? Literals[0] : Text.Contains("BODY[] \"\"", StringComparison.Ordinal) ? [] : null;
}
