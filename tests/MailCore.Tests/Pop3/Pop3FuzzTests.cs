using System.Text;
using MailCore.Pop3;
using MailCore.Testing;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3FuzzTests
{
    private static readonly string[] Keywords = [.. Pop3CommandTable.All.Select(static command => command.Name), "APOP", "UTF8", "LANG", "XTND", "GET", ""];

    private static readonly string[] Arguments =
        ["1", "2", "3", "4", "0", "-1", "1 0", "2 1", "1 99999999999999999999", "x", "bob", "secret", "PLAIN", "LOGIN", "PLAIN =", "PLAIN AGJvYgBzZWNyZXQ=", "LOGIN Ym9i", "*", " ", "1 2 3"];

    /// <summary>
    /// A batch of commands gets one reply each, in order, and the same replies as the commands one by one: so however it is cut.
    /// </summary>
    [Test]
    public async Task Every_line_gets_one_reply_however_it_is_cut([Values] State state, [Range(0, 14)] int seed)
    {
        var lines = Lines(new Random(seed), state);
        var oneByOne = await PlayOneByOneAsync(state, lines);
        var batch = string.Concat(lines.Select(static line => line + "\r\n"));
        var random = new Random(seed + 1_000);
        Assert.That(await PlayBatchAsync(state, batch, left => left), Is.EqualTo(oneByOne));
        Assert.That(await PlayBatchAsync(state, batch, left => random.Next(1, Math.Min(left, 40) + 1)), Is.EqualTo(oneByOne));
        Assert.That(await PlayBatchAsync(state, batch, _ => 1), Is.EqualTo(oneByOne));
    }

    [Test]
    public async Task Octets_at_random_never_raise_more_than_an_IOException([Values] State state, [Range(0, 39)] int seed)
    {
        var random = new Random(seed);
        var octets = new StringBuilder();
        for (var i = random.Next(1, 400); i > 0; i--)
        {
            octets.Append(random.Next(8) switch
            {
                0 => Keywords[random.Next(Keywords.Length)],
                1 => Arguments[random.Next(Arguments.Length)],
                2 => "\r\n",
                3 => " ",
                _ => ((char)random.Next(256)).ToString(),
            });
        }

        // STLS alone would wait for a handshake; what follows it in a batch makes it end the connection.
        await PlayBatchAsync(state, octets.Append("\r\n.").ToString(), left => random.Next(1, left + 1));
    }

    public enum State
    {
        BeforeTls,
        Authorization,
        Transaction,
    }

    private static List<string> Lines(Random random, State state)
    {
        var lines = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var line = Keywords[random.Next(Keywords.Length)];
            line = random.Next(3) switch
            {
                0 => line,
                1 => line + " " + Arguments[random.Next(Arguments.Length)],
                _ => Mutate(random, line + " " + Arguments[random.Next(Arguments.Length)]),
            };

            // These end the dialog or hand it to TLS, which has tests of its own.
            var isLast = line.Trim().Equals("QUIT", StringComparison.OrdinalIgnoreCase) && random.Next(4) > 0;
            if (!isLast && !line.Trim().Equals("STLS", StringComparison.OrdinalIgnoreCase))
            {
                lines.Add(random.Next(30) == 0 ? line + new string('x', random.Next(200, 20_000)) : line);
            }

            if (state == State.Authorization && random.Next(15) == 0)
            {
                lines.AddRange(["USER bob", "PASS secret"]);
            }
        }

        return lines;
    }

    private static string Mutate(Random random, string line)
    {
        var text = new StringBuilder(line);
        for (var i = random.Next(3); i >= 0 && text.Length > 0; i--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(3))
            {
                case 0:
                    text.Remove(at, 1);
                    break;
                case 1:
                    text.Insert(at, (char)random.Next(256));
                    break;
                default:
                    text[at] = (char)random.Next(256);
                    break;
            }
        }

        return text.Replace("\n", "").ToString();
    }

    private static async Task<string> PlayOneByOneAsync(State state, List<string> lines)
    {
        await using var server = await ServerAsync(state);
        await using var client = await OpenAsync(server, state);
        var transcript = new StringBuilder();
        var inExchange = false;
        foreach (var line in lines)
        {
            await SendAsync(client, line + "\r\n", static left => left);
            if (await client.ReadLineAsync() is not { } reply)
            {
                // The server closes only after it has answered.
                break;
            }

            Assert.That(reply, Does.Match(@"^(\+OK |-ERR |\+ )"), line);
            transcript.Append(reply).Append('\n');
            if (!inExchange && reply.StartsWith("+OK ", StringComparison.Ordinal) && HasMore(line))
            {
                while (await client.ReadLineAsync() is var more && more != ".")
                {
                    transcript.Append(more ?? throw new EndOfStreamException()).Append('\n');
                }

                transcript.Append(".\n");
            }

            inExchange = reply.StartsWith("+ ", StringComparison.Ordinal);
        }

        client.Connection.FinishClientWriting();
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.Session;
        Assert.That(server.Locks.Count, Is.Zero);
        return transcript.ToString();
    }

    private static bool HasMore(string line)
    {
        var words = line.Split(' ', 2);
        var isBare = words.Length == 1 || words[1].Trim(' ').Length == 0;
        return words[0].ToUpperInvariant() is "RETR" or "TOP" or "CAPA" || (isBare && words[0].ToUpperInvariant() is "LIST" or "UIDL" or "AUTH" or "LANG");
    }

    private static async Task<string> PlayBatchAsync(State state, string batch, Func<int, int> nextPiece)
    {
        await using var server = await ServerAsync(state);
        await using var client = await OpenAsync(server, state);
        var sending = SendAllAsync(client, batch, nextPiece);
        var transcript = new StringBuilder();
        while (await client.ReadLineAsync() is { } line)
        {
            transcript.Append(line).Append('\n');
        }

        await sending;
        try
        {
            await client.Session.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // A handshake that was none.
        }

        Assert.That(server.Locks.Count, Is.Zero);
        return transcript.ToString();
    }

    private static async Task SendAllAsync(Pop3TestClient client, string batch, Func<int, int> nextPiece)
    {
        await SendAsync(client, batch, nextPiece);
        client.Connection.FinishClientWriting();
    }

    private static async Task SendAsync(Pop3TestClient client, string batch, Func<int, int> nextPiece)
    {
        try
        {
            for (var at = 0; at < batch.Length;)
            {
                var piece = nextPiece(batch.Length - at);
                await client.SendAsync(batch.Substring(at, piece));
                at += piece;
            }
        }
        catch (IOException)
        {
            // The server has closed.
        }
    }

    private static async Task<Pop3TestServer> ServerAsync(State state)
    {
        // The same time gives the same UIDVALIDITY.
        var mode = state == State.BeforeTls ? TlsMode.Required : TlsMode.None;
        var server = new Pop3TestServer(new TlsPolicy(mode) { AllowCleartextAuthentication = true }, time: new ManualTimeProvider());
        (server.Options.MaxBadCommands, server.Options.MaxBadCommandsBeforeLogin, server.Options.MaxLoginFailures) = (15, 25, 4);
        server.AddUser("bob", "secret");
        foreach (var message in new[] { "Subject: one\r\n\r\n.1\r\n", "Subject: two\r\n\r\n2\r\n", "" })
        {
            await server.AppendAsync("bob", Encoding.ASCII.GetBytes(message));
        }

        return server;
    }

    private static Task<Pop3TestClient> OpenAsync(Pop3TestServer server, State state) =>
        state == State.Transaction ? server.LogInAsync("bob", "secret") : server.OpenAsync();
}
