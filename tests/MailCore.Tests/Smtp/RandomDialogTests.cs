using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.Smtp;
using MailCore.Tests.Scripts;
using MailCore.Tests.Smtp.Filters;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>The same input cut in other places gets the same replies, and each command exactly one.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class RandomDialogTests
{
    private const int Seed = 20_250_701;

    [Test]
    public async Task A_batch_split_at_any_byte_gets_the_same_replies()
    {
        await using var server = await ServerAsync(SmtpDialect.Transfer);
        var batch = Batch(40);
        var whole = await PlayAsync(server, batch, []);
        AssertOneReplyEach(batch, whole, isLmtp: false);
        for (var cut = 1; cut < batch.Length; cut++)
        {
            Assert.That(await PlayAsync(server, batch, [cut]), Is.EqualTo(whole), $"cut at {cut}");
        }
    }

    [Test]
    public async Task A_batch_of_1000_commands_split_at_sampled_bytes_gets_the_same_replies()
    {
        await using var server = await ServerAsync(SmtpDialect.Transfer);
        var batch = Batch(1_000);
        var whole = await PlayAsync(server, batch, []);
        AssertOneReplyEach(batch, whole, isLmtp: false);
        var random = new Random(Seed);
        for (var i = 0; i < 40; i++)
        {
            var cut = random.Next(1, batch.Length);
            Assert.That(await PlayAsync(server, batch, [cut]), Is.EqualTo(whole), $"cut at {cut}");
        }
    }

    [Test]
    public async Task Random_dialogs_have_no_exception_and_no_reply_missing_or_doubled([Range(1, 30)] int seed)
    {
        var random = new Random(Seed + seed);
        var dialect = (seed % 3) switch { 0 => SmtpDialect.Lmtp, 1 => SmtpDialect.Transfer, _ => SmtpDialect.Submission };
        await using var server = await ServerAsync(dialect);
        for (var round = 0; round < 25; round++)
        {
            var input = RandomInput(random, dialect);
            var whole = await PlayAsync(server, input, []);
            AssertOneReplyEach(input, whole, dialect.IsLmtp);
            var cuts = Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(1, Math.Max(2, input.Length))).ToArray();
            Assert.That(await PlayAsync(server, input, cuts), Is.EqualTo(whole), $"cut at {string.Join(",", cuts)}:\n{Encoding.Latin1.GetString(input)}");
        }
    }

    [Test]
    public async Task Filters_of_any_mind_miss_no_reply_and_double_none([Range(1, 20)] int seed)
    {
        var random = new Random(Seed - seed);
        var dialect = (seed % 3) switch { 0 => SmtpDialect.Lmtp, 1 => SmtpDialect.Transfer, _ => SmtpDialect.Submission };
        await using var server = await ServerAsync(dialect);
        server.Filters.Add(new SmtpFilterRegistration(new MoodyFilter(seed)));
        server.Filters.Add(new SmtpFilterRegistration(new MoodyFilter(-seed)) { OnFailure = SmtpFilterFailure.Pass });
        for (var round = 0; round < 25; round++)
        {
            var input = RandomInput(random, dialect);
            var whole = await PlayAsync(server, input, []);
            AssertOneReplyEach(input, whole, dialect.IsLmtp);
            var cuts = Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(1, Math.Max(2, input.Length))).ToArray();
            Assert.That(await PlayAsync(server, input, cuts), Is.EqualTo(whole), $"cut at {string.Join(",", cuts)}:\n{Encoding.Latin1.GetString(input)}");
        }
    }

    [Test]
    public async Task Random_dialogs_in_every_state_get_one_reply_each([Range(1, 12)] int seed, [Values("transfer", "submission", "lmtp")] string role)
    {
        var random = new Random(Seed * 2 + seed);
        var dialect = role switch { "transfer" => SmtpDialect.Transfer, "submission" => SmtpDialect.Submission, _ => SmtpDialect.Lmtp };
        await using var server = await ServerAsync(dialect);
        foreach (var state in States(dialect))
        {
            byte[] input = [.. state, .. RandomInput(random, dialect, greets: false)];
            var whole = await PlayAsync(server, input, []);
            AssertOneReplyEach(input, whole, dialect.IsLmtp);
            var cuts = Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(1, input.Length)).ToArray();
            Assert.That(await PlayAsync(server, input, cuts), Is.EqualTo(whole), $"cut at {string.Join(",", cuts)}:\n{Encoding.Latin1.GetString(input)}");
        }
    }

    /// <summary>What brings a session into each state that it can be in without TLS.</summary>
    private static IEnumerable<byte[]> States(SmtpDialect dialect)
    {
        var hello = dialect.IsLmtp ? "LHLO client.example\r\n" : "EHLO client.example\r\n";
        var login = dialect == SmtpDialect.Submission ? $"AUTH PLAIN {SmtpTestClient.Plain("bob", "secret")}\r\n" : "";
        var mail = hello + login + "MAIL FROM:<bob@example.org> BODY=BINARYMIME RET=HDRS\r\n";
        var text = hello + login + "MAIL FROM:<bob@example.org>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<alice@example.org> NOTIFY=NEVER\r\n";
        string[] states =
        [
            "",
            "HELO client.example\r\n",
            hello,
            hello + login,
            hello + "XCLIENT ADDR=192.0.2.7 LOGIN=bob@example.org HELO=inner.example\r\n",
            hello + login + "XFORWARD ADDR=192.0.2.7 HELO=inner.example\r\n",
            mail,
            mail + "RCPT TO:<bob@example.org>\r\n",
            mail + "RCPT TO:<bob@example.org>\r\nBDAT 5\r\n\0.\r\n.",
            mail + "RCPT TO:<bob@example.org>\r\nBDAT 5\r\nabcdeBDAT 30\r\nRSET\r\n",
            text,
            text + "DATA\r\n",
            text + "DATA\r\nSubject: x\r\n\r\n..",
            text + "DATA\r\n.\r\n" + "MAIL FROM:<bob@example.org>\r\n",
            text + "BDAT 200 LAST\r\n",
        ];
        return states.Select(Encoding.ASCII.GetBytes);
    }

    private static Task<SmtpTestServer> ServerAsync(SmtpDialect dialect) => new SmtpTestServer(dialect, static options =>
    {
        (options.MaxMessageSize, options.MaxRecipients) = (100, 5);
        options.XClientFrom.Add(System.Net.IPNetwork.Parse("0.0.0.0/0"));
        options.XForwardFrom.Add(System.Net.IPNetwork.Parse("0.0.0.0/0"));
        (options.Verification, options.Expansion) = (AddressDisclosure.Authenticated, AddressDisclosure.Everybody);
    })
    {
        Delivery = new StubDelivery(),
        Honours = (MailCore.Delivery.DeliveryAbilities)(-1),
        Records = false,
    }.PopulateAsync();

    private static byte[] Batch(int commands)
    {
        var text = new StringBuilder("EHLO client.example\r\n");
        for (var i = 1; i < commands; i++)
        {
            text.Append((i % 8) switch
            {
                0 => "NOOP\r\n",
                1 => "MAIL FROM:<eve@elsewhere.example> SIZE=10\r\n",
                2 => "RCPT TO:<bob@example.org>\r\n",
                3 => "RCPT TO:<nobody@example.org>\r\n",
                4 => "DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n",
                5 => "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 6\r\nRSET\r\nBDAT 7 LAST\r\na\r\n.\r\nb",
                6 => "rset\r\n",
                _ => "HELP\r\n",
            });
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>Lines of the scripts and of a list, some of them mutated.</summary>
    private static byte[] RandomInput(Random random, SmtpDialect dialect, bool greets = true)
    {
        var lines = Lines.Value;
        var input = new List<byte>(Encoding.ASCII.GetBytes(!greets || random.Next(8) == 0 ? "" : $"{(dialect.IsLmtp ? "LHLO" : "EHLO")} client.example\r\n"));
        if (greets && dialect == SmtpDialect.Submission && random.Next(4) > 0)
        {
            input.AddRange(Encoding.ASCII.GetBytes($"AUTH PLAIN {SmtpTestClient.Plain("bob", "secret")}\r\n"));
        }

        for (var i = random.Next(1, 25); i > 0; i--)
        {
            var line = random.Next(5) switch
            {
                0 => Encoding.ASCII.GetBytes("MAIL FROM:<bob@example.org>\r\n"),
                1 => Encoding.ASCII.GetBytes("RCPT TO:<bob@example.org>\r\n"),
                2 when random.Next(2) == 0 => Encoding.ASCII.GetBytes("DATA\r\n"),
                _ => lines[random.Next(lines.Length)],
            };
            input.AddRange(random.Next(6) == 0 ? Mutate(random, line) : line);
            if (random.Next(6) == 0)
            {
                var chunk = lines[random.Next(lines.Length)];
                var size = random.Next(10) == 0 ? random.Next(200) : chunk.Length;
                input.AddRange([.. Encoding.ASCII.GetBytes($"BDAT {size}{(random.Next(2) == 0 ? " LAST" : "")}\r\n"), .. chunk]);
            }
        }

        return [.. input, .. "\r\n.\r\n"u8];
    }

    private static byte[] Mutate(Random random, byte[] line)
    {
        var mutated = line.ToList();
        const string Spice = "\r\n\0. <>:@\"\\=A\x80\xff";
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(mutated.Count);
            switch (random.Next(3))
            {
                case 0:
                    mutated.Insert(at, (byte)Spice[random.Next(Spice.Length)]);
                    break;
                case 1 when mutated.Count > 1:
                    mutated.RemoveAt(at);
                    break;
                default:
                    mutated[at] = (byte)Spice[random.Next(Spice.Length)];
                    break;
            }
        }

        return [.. mutated];
    }

    private static readonly Lazy<byte[][]> Lines = new(() =>
    [
        .. ScriptFiles.Of("smtp")
            .SelectMany(File.ReadAllLines)
            .Where(static line => line.StartsWith("C: ", StringComparison.Ordinal) && !line.Contains("STARTTLS", StringComparison.Ordinal))
            .Select(static line => (byte[])[.. MailCore.Testing.ProtocolScript.Unescape(line[3..]), .. "\r\n"u8]),
    ]);

    /// <summary>All the replies to input that arrives in these pieces, queue ids blotted out.</summary>
    private static async Task<string> PlayAsync(SmtpTestServer server, byte[] input, params IEnumerable<int> cuts)
    {
        var connection = new InlineConnection();
        var session = server.Protocol.RunAsync(connection, default);
        var ends = cuts.Where(cut => cut < input.Length).Distinct().Order().Append(input.Length).ToArray();
        var start = 0;
        foreach (var end in ends)
        {
            if (session.IsCompleted)
            {
                break;
            }

            connection.Feed(input.AsMemory(start..end));
            start = end;
        }

        connection.End();
        try
        {
            await session.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // The input ended within a message.
        }

        return LatestRelease.Replace(QueueId.Replace(Encoding.Latin1.GetString(connection.Take()), "queued"), "date");
    }

    private static void AssertOneReplyEach(byte[] input, string output, bool isLmtp)
    {
        var replies = new Queue<string>(output.Split("\r\n")[..^1].Where(static line => line.Length > 3 && line[3] != '-'));
        var text = Encoding.Latin1.GetString(input);
        Assert.That(replies.Dequeue(), Does.StartWith("220"));
        var recipients = 0;
        for (var at = 0; at < text.Length && replies.Count > 0;)
        {
            var feed = text.IndexOf('\n', at);
            var line = feed < 0 ? text[at..] : text[at..feed];
            at = feed < 0 ? text.Length : feed + 1;
            var reply = replies.Dequeue();
            if (reply.StartsWith("421", StringComparison.Ordinal))
            {
                break;
            }

            if (line.StartsWith("MAIL", StringComparison.OrdinalIgnoreCase) && reply.StartsWith("250", StringComparison.Ordinal))
            {
                recipients = 0;
            }
            else if (reply.StartsWith("250 2.1.5", StringComparison.Ordinal))
            {
                recipients++;
            }
            else if (Chunk.Match(line) is { Success: true } chunk && !reply.StartsWith("500", StringComparison.Ordinal))
            {
                at = (int)Math.Min(text.Length, at + long.Parse(chunk.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
                for (var i = isLmtp && chunk.Groups[2].Success && !reply.StartsWith("503", StringComparison.Ordinal) ? recipients - 1 : 0; i > 0; i--)
                {
                    Assert.That(replies, Is.Not.Empty, "a reply to a message is missing");
                    replies.Dequeue();
                }
            }
            else if (reply.StartsWith("354", StringComparison.Ordinal))
            {
                var end = string.CompareOrdinal(text, at, ".\r\n", 0, 3) == 0 ? at : text.IndexOf("\r\n.\r\n", at, StringComparison.Ordinal) + 2;
                if (end == 1)
                {
                    break;
                }

                at = end + 3;
                for (var i = isLmtp ? recipients : 1; i > 0; i--)
                {
                    Assert.That(replies, Is.Not.Empty, "a reply to a message is missing");
                    Assert.That(int.Parse(replies.Dequeue()[..3], CultureInfo.InvariantCulture), Is.EqualTo(250).Or.GreaterThan(400));
                }
            }
        }

        Assert.That(replies, Is.Empty, $"replies too many to:\n{text}\n{output}");
    }

    [GeneratedRegex("^BDAT +([0-9]{1,18})( +LAST)? *\r$", RegexOptions.IgnoreCase)]
    private static partial Regex Chunk { get; }

    [GeneratedRegex("2[0-9]{3}-[0-9-]+T[0-9:]+Z")]
    private static partial Regex LatestRelease { get; }

    [GeneratedRegex("queued as [0-9A-Z]{16}")]
    private static partial Regex QueueId { get; }
}
