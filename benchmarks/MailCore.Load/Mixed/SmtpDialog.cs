using System.Globalization;
using System.Text;

namespace MailCore.Load.Mixed;

internal enum SmtpStyle
{
    /// <summary>Each command waits for the reply to the last.</summary>
    Plain,

    /// <summary>MAIL, RCPT and DATA in one write (RFC 2920).</summary>
    Pipelined,

    /// <summary>The same with BDAT in chunks (RFC 3030).</summary>
    Chunked,
}

/// <summary>The client's side of an SMTP session.</summary>
internal sealed class SmtpDialog(Wire wire)
{
    private const int ChunkSize = 100_000;

    public async Task GreetAsync(bool implicitTls, bool startTls)
    {
        if (implicitTls)
        {
            await wire.SecureAsync();
        }

        await ExpectAsync("the connection", "220");
        await RunAsync("EHLO client.example.com", "250");
        if (startTls)
        {
            await RunAsync("STARTTLS", "220");
            await wire.SecureAsync();
            await RunAsync("EHLO client.example.com", "250");
        }
    }

    public Task LogInAsync(string user, string password) =>
        RunAsync($"AUTH PLAIN {Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}"))}", "235");

    public Task QuitAsync() => RunAsync("QUIT", "221");

    /// <summary>Sends a message.</summary>
    /// <param name="letter">The message.</param>
    /// <param name="sender">The reverse path.</param>
    /// <param name="recipients">Those who exist, and the reply that RCPT must have otherwise.</param>
    /// <param name="style">How it is sent.</param>
    /// <param name="sending">Is told of the answer.</param>
    public async Task SendAsync(Letter letter, string sender, IReadOnlyList<(string Address, string Reply)> recipients, SmtpStyle style, Sending sending)
    {
        string[] commands =
        [
            string.Create(CultureInfo.InvariantCulture, $"MAIL FROM:<{sender}> SIZE={letter.Octets.Length}"), .. recipients.Select(recipient => $"RCPT TO:<{recipient.Address}>"),
        ];
        string[] replies = ["250", .. recipients.Select(recipient => recipient.Reply)];
        if (style == SmtpStyle.Plain)
        {
            foreach (var (command, reply) in commands.Zip(replies))
            {
                await RunAsync(command, reply);
            }
        }
        else
        {
            await wire.WriteAsync(string.Concat(commands.Select(command => command + "\r\n")) + (style == SmtpStyle.Pipelined ? "DATA\r\n" : ""));
            foreach (var (command, reply) in commands.Zip(replies))
            {
                await ExpectAsync(command, reply);
            }
        }

        if (style == SmtpStyle.Chunked)
        {
            await SendChunksAsync(letter.Octets, sending);
        }
        else
        {
            await SendDataAsync(letter.Octets, isAsked: style == SmtpStyle.Pipelined, sending);
        }

        // RFC 5321 4.2.5: a 4xx means that the server has not got it.
        var last = await ReadReplyAsync();
        if (last.StartsWith("250", StringComparison.Ordinal))
        {
            sending.Accept();
            return;
        }

        sending.Refuse();
        throw new UnexpectedReplyException("the end of the message", last);
    }

    public async Task RunAsync(string command, string expected)
    {
        await wire.WriteAsync(command + "\r\n");
        await ExpectAsync(command, expected);
    }

    private async Task SendDataAsync(byte[] octets, bool isAsked, Sending sending)
    {
        if (!isAsked)
        {
            await wire.WriteAsync("DATA\r\n");
        }

        await ExpectAsync("DATA", "354");
        await wire.WriteAsync(Stuff(octets));
        sending.Complete();
        await wire.WriteAsync(".\r\n");
    }

    private async Task SendChunksAsync(byte[] octets, Sending sending)
    {
        for (var start = 0; start < octets.Length; start += ChunkSize)
        {
            var count = Math.Min(ChunkSize, octets.Length - start);
            var isLast = start + count == octets.Length;
            await wire.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"BDAT {count}{(isLast ? " LAST" : "")}\r\n"));
            if (isLast)
            {
                sending.Complete();
            }

            await wire.WriteAsync(octets.AsMemory(start, count));
            if (!isLast)
            {
                await ExpectAsync("BDAT", "250");
            }
        }
    }

    private async Task ExpectAsync(string command, string expected)
    {
        var reply = await ReadReplyAsync();
        if (!reply.StartsWith(expected, StringComparison.Ordinal))
        {
            throw new UnexpectedReplyException(command.StartsWith("AUTH", StringComparison.Ordinal) ? "AUTH" : command, reply);
        }
    }

    private async Task<string> ReadReplyAsync()
    {
        while (true)
        {
            var line = await wire.ReadLineAsync();
            if (line.Length < 4 || line[3] != '-')
            {
                return line;
            }
        }
    }

    private static byte[] Stuff(byte[] octets)
    {
        var stuffed = new MemoryStream(octets.Length + 1000);
        for (var rest = octets.AsSpan(); rest.Length > 0;)
        {
            if (rest[0] == (byte)'.')
            {
                stuffed.WriteByte((byte)'.');
            }

            var end = rest.IndexOf((byte)'\n') + 1;
            stuffed.Write(rest[..end]);
            rest = rest[end..];
        }

        return stuffed.ToArray();
    }
}
