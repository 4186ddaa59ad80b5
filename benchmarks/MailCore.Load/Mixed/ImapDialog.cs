using System.Globalization;
using System.Text.RegularExpressions;

namespace MailCore.Load.Mixed;

/// <summary>A response with its literals; in the text each is left as {n}.</summary>
internal sealed record ImapResponse(string Text, IReadOnlyList<byte[]> Literals);

/// <summary>The client's side of an IMAP session.</summary>
internal sealed partial class ImapDialog(Wire wire)
{
    private int _lastTag;

    /// <summary>How many messages the selected mailbox has by what was said so far, which is what sequence numbers go by.</summary>
    public int There { get; private set; }

    public async Task LogInAsync(bool implicitTls, string user, string password)
    {
        if (implicitTls)
        {
            await wire.SecureAsync();
        }

        var greeting = await wire.ReadLineAsync();
        if (!greeting.StartsWith("* OK", StringComparison.Ordinal))
        {
            throw new UnexpectedReplyException("the connection", greeting);
        }

        if (!implicitTls)
        {
            await RunAsync("STARTTLS");
            await wire.SecureAsync();
        }

        await RunAsync($"LOGIN {user} {password}");
    }

    /// <summary>A command and its responses, the tagged one last.</summary>
    /// <exception cref="UnexpectedReplyException">It is not OK.</exception>
    public async Task<IReadOnlyList<ImapResponse>> RunAsync(string command)
    {
        var tag = NextTag();
        await wire.WriteAsync($"{tag} {command}\r\n");
        return await ReadUntilAsync(tag, command.Split(' ') is ["UID", var what, ..] ? $"UID {what}" : command.Split(' ')[0]);
    }

    /// <summary>Selects a mailbox and says how many messages it has.</summary>
    public async Task<int> SelectAsync(string mailbox)
    {
        await RunAsync($"SELECT {mailbox}");
        return There;
    }

    public async Task AppendAsync(string mailbox, Letter letter, bool waits, Sending sending)
    {
        var tag = NextTag();
        await wire.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{tag} APPEND {mailbox} (\\Seen) {{{letter.Octets.Length}{(waits ? "" : "+")}}}\r\n"));
        if (waits)
        {
            await ReadContinuationAsync("APPEND");
        }

        await wire.WriteAsync(letter.Octets);
        sending.Complete();
        await wire.WriteAsync("\r\n");
        try
        {
            await ReadUntilAsync(tag, "APPEND");
        }
        catch (UnexpectedReplyException)
        {
            sending.Refuse();
            throw;
        }

        sending.Accept();
    }

    /// <summary>Waits in IDLE for something to be said, but no longer than given.</summary>
    public async Task IdleAsync(TimeSpan time)
    {
        var tag = NextTag();
        await wire.WriteAsync($"{tag} IDLE\r\n");
        await ReadContinuationAsync("IDLE");
        await Task.Delay(time);
        await wire.WriteAsync("DONE\r\n");
        await ReadUntilAsync(tag, "IDLE");
    }

    /// <summary>UIDs and whole messages; by the part of a message that is asked for, such as BODY.PEEK[].</summary>
    public async Task<IReadOnlyList<(uint Uid, byte[] Octets)>> FetchAsync(string set, string part) =>
        [
            .. from response in await RunAsync($"{set} (UID {part})")
               let uid = Uid().Match(response.Text)
               where uid.Success && response.Literals.Count == 1
               select (uint.Parse(uid.Groups[1].Value, CultureInfo.InvariantCulture), response.Literals[0]),
        ];

    /// <summary>The UIDs of source and target that a COPY or MOVE tells, in step (RFC 4315).</summary>
    public static IEnumerable<(uint From, uint To)> ReadCopied(IReadOnlyList<ImapResponse> responses)
    {
        var match = responses.Select(response => Copied().Match(response.Text)).FirstOrDefault(match => match.Success);
        return match is null ? [] : Expand(match.Groups[1].Value).Zip(Expand(match.Groups[2].Value));
    }

    private static IEnumerable<uint> Expand(string set)
    {
        foreach (var range in set.Split(','))
        {
            var ends = range.Split(':').Select(number => uint.Parse(number, CultureInfo.InvariantCulture)).ToArray();
            for (var uid = ends[0]; uid <= ends[^1]; uid++)
            {
                yield return uid;
            }
        }
    }

    private string NextTag() => string.Create(CultureInfo.InvariantCulture, $"A{++_lastTag}");

    private async Task ReadContinuationAsync(string command)
    {
        while (true)
        {
            var response = await ReadResponseAsync();
            NoteSize(response.Text);
            if (response.Text.StartsWith('+'))
            {
                return;
            }

            if (!response.Text.StartsWith('*') || response.Text.StartsWith("* BYE", StringComparison.Ordinal))
            {
                throw new UnexpectedReplyException(command, response.Text);
            }
        }
    }

    private async Task<IReadOnlyList<ImapResponse>> ReadUntilAsync(string tag, string command)
    {
        var responses = new List<ImapResponse>();
        while (true)
        {
            var response = await ReadResponseAsync();
            responses.Add(response);
            NoteSize(response.Text);
            if (response.Text.StartsWith(tag + " ", StringComparison.Ordinal))
            {
                return response.Text.StartsWith(tag + " OK", StringComparison.Ordinal) ? responses : throw new UnexpectedReplyException(command, response.Text);
            }

            if (response.Text.StartsWith("* BYE", StringComparison.Ordinal) && command != "LOGOUT")
            {
                throw new UnexpectedReplyException(command, response.Text);
            }
        }
    }

    private void NoteSize(string response)
    {
        if (Size().Match(response) is { Success: true } size)
        {
            There = size.Groups["what"].Value == "EXISTS" ? int.Parse(size.Groups["number"].Value, CultureInfo.InvariantCulture) : There - 1;
        }
    }

    private async Task<ImapResponse> ReadResponseAsync()
    {
        var text = "";
        var literals = new List<byte[]>();
        while (true)
        {
            var line = await wire.ReadLineAsync();
            text += line;
            if (Literal().Match(line) is not { Success: true } literal)
            {
                return new ImapResponse(text, literals);
            }

            literals.Add(await wire.ReadOctetsAsync(int.Parse(literal.Groups[1].Value, CultureInfo.InvariantCulture)));
        }
    }

    [GeneratedRegex(@"\{(\d+)\}$")]
    private static partial Regex Literal();

    [GeneratedRegex(@"^\* (?<number>\d+) (?<what>EXISTS|EXPUNGE)")]
    private static partial Regex Size();

    [GeneratedRegex(@"\bUID (\d+)")]
    private static partial Regex Uid();

    [GeneratedRegex(@"\[COPYUID \d+ ([\d:,]+) ([\d:,]+)\]")]
    private static partial Regex Copied();
}
