using System.Text;
using MailCore.Mime;
using MailCore.Storage;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>What goes in by APPEND comes out by every kind of FETCH, octet for octet.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapCorpusTests
{
    private static IEnumerable<CorpusMessage> Messages => MessageCorpus.All;

    [TestCaseSource(nameof(Messages))]
    public async Task Body_equals_what_was_appended_whole_in_pieces_and_as_header_and_text(CorpusMessage message)
    {
        var octets = message.ReadAll();
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.SelectedAsync();
        await AppendAsync(client, octets);

        Assert.That(await LiteralAsync(client, "FETCH 1 BODY.PEEK[]"), Is.EqualTo(octets));
        Assert.That(await LiteralAsync(client, "FETCH 1 RFC822"), Is.EqualTo(octets));
        Assert.That(await client.OkAsync("FETCH 1 RFC822.SIZE"), Does.Contain($"* 1 FETCH (RFC822.SIZE {octets.Length})"));
        Assert.That(await InPiecesAsync(client, octets.Length), Is.EqualTo(octets));

        var header = await LiteralAsync(client, "FETCH 1 BODY.PEEK[HEADER]");
        var text = await LiteralAsync(client, "FETCH 1 BODY.PEEK[TEXT]");
        Assert.That(header.Concat(text), Is.EqualTo(octets));
        Assert.That(await LiteralAsync(client, "FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (X-No-Such-Field)]"), Is.EqualTo(header));
    }

    [TestCaseSource(nameof(Messages))]
    public async Task Every_part_is_the_octets_its_structure_says(CorpusMessage message)
    {
        var octets = message.ReadAll();
        var summarizer = new MessageSummarizer();
        summarizer.Push(octets);
        var root = summarizer.Complete().Root;
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var prefix = "Return-Path: <>\r\n"u8.ToArray();
        await server.AppendAsync(octets, new AppendOptions { Prefix = prefix });
        await using var client = await server.SelectedAsync();

        Assert.That(await LiteralAsync(client, "FETCH 1 BODY.PEEK[]"), Is.EqualTo(prefix.Concat(octets)));
        foreach (var (section, part) in Parts(root).Take(40))
        {
            Assert.That(await LiteralAsync(client, $"FETCH 1 BODY.PEEK[{section}]"), Is.EqualTo(Slice(octets, part.BodyOffset, part.BodyLength)), section);
            var header = Slice(octets, part.HeaderOffset, part.HeaderLength);
            Assert.That(
                await LiteralAsync(client, $"FETCH 1 BODY.PEEK[{section}.MIME]"),
                Is.EqualTo(ReferenceEquals(part, root) ? [.. prefix, .. header] : header),
                section);
            if (part.NestedRoot is { } nested)
            {
                Assert.That(await LiteralAsync(client, $"FETCH 1 BODY.PEEK[{section}.HEADER]"), Is.EqualTo(Slice(octets, nested.HeaderOffset, nested.HeaderLength)), section);
                Assert.That(await LiteralAsync(client, $"FETCH 1 BODY.PEEK[{section}.TEXT]"), Is.EqualTo(Slice(octets, nested.BodyOffset, nested.BodyLength)), section);
            }
        }
    }

    [TestCaseSource(nameof(Messages))]
    public async Task A_malformed_message_still_gets_an_answer(CorpusMessage message)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await server.AppendAsync(message.ReadAll());
        await using var client = await server.SelectedAsync();
        var responses = await client.OkAsync("FETCH 1 (ENVELOPE BODY BODYSTRUCTURE INTERNALDATE)");
        Assert.That(responses[0], Does.StartWith("* 1 FETCH (ENVELOPE (").And.Contain(" BODY (").And.Contain(" BODYSTRUCTURE ("));
        Assert.That(Balance(responses[0]), Is.Zero);
        await client.OkAsync("SEARCH OR TEXT \"no such text\" BODY \"nor this\"");
    }

    [Test]
    public async Task A_summary_of_no_or_an_older_version_is_made_again_and_kept()
    {
        var octets = MessageCorpus.Get("message-in-multipart").ReadAll();
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        await server.AppendAsync(octets, new AppendOptions { Prefix = "X-Prefix: 1\r\n"u8.ToArray() });
        await using var client = await server.SelectedAsync();
        var expected = await client.OkAsync("FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[2.HEADER])");
        foreach (var stale in new byte[][] { [], [255, 1, 2] })
        {
            await mailbox.PutSummaryAsync(new Uid(1), stale);
            Assert.That((await client.OkAsync("FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[2.HEADER])"))[0], Is.EqualTo(expected[0]));
            var row = (await mailbox.ReadBatchAsync(new[] { new Uid(1) }, MessageFields.Summary))[0];
            Assert.That(MessageSummary.TryDecode(row.Summary, out _), Is.True);
        }
    }

    private static async Task AppendAsync(ImapTestClient client, byte[] octets)
    {
        await client.SendAsync($"app APPEND INBOX {{{octets.Length}+}}\r\n");
        var write = client.SendAsync([.. octets, .. "\r\n"u8]);
        Assert.That((await client.ReadToAsync("app"))[^1], Does.StartWith("app OK [APPENDUID "));
        await write;
    }

    private static async Task<byte[]> InPiecesAsync(ImapTestClient client, int length)
    {
        var random = new Random(length);
        var pieces = new List<byte>();
        while (pieces.Count < length)
        {
            var size = random.Next(1, Math.Max(2, length / 5));
            var piece = await LiteralAsync(client, $"FETCH 1 BODY.PEEK[]<{pieces.Count}.{size}>");
            Assert.That(piece, Has.Length.EqualTo(Math.Min(size, length - pieces.Count)));
            pieces.AddRange(piece);
        }

        return [.. pieces];
    }

    private static async Task<byte[]> LiteralAsync(ImapTestClient client, string command)
    {
        var response = (await client.OkAsync(command)).First(static line => line.Contains(" FETCH ", StringComparison.Ordinal));
        var open = response.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            Assert.That(response, Does.Contain(" \"\""));
            return [];
        }

        var start = response.IndexOf('\n', open) + 1;
        var length = int.Parse(response[(open + 1)..response.IndexOf('}', open)]);
        return Encoding.Latin1.GetBytes(response.Substring(start, length));
    }

    private static IEnumerable<(string Section, MimePart Part)> Parts(MimePart root, string above = "")
    {
        if (!root.IsMultipart)
        {
            yield return (above + "1", root);
            foreach (var inner in root.NestedRoot is { } nested ? Parts(nested, above + "1.") : [])
            {
                yield return inner;
            }

            yield break;
        }

        for (var i = 0; i < root.Children.Count; i++)
        {
            var child = root.Children[i];
            var section = $"{above}{i + 1}";
            yield return (section, child);
            var below = child.IsMultipart ? child : child.NestedRoot;
            foreach (var inner in below is null ? [] : Parts(below, section + "."))
            {
                yield return inner;
            }
        }
    }

    private static byte[] Slice(byte[] octets, long offset, long length) => octets.AsSpan((int)offset, (int)length).ToArray();

    // Parentheses outside of strings and literals.
    private static int Balance(string response)
    {
        var depth = 0;
        for (var i = 0; i < response.Length; i++)
        {
            switch (response[i])
            {
                case '(':
                    depth++;
                    break;
                case ')':
                    depth--;
                    break;
                case '"':
                    for (i++; response[i] != '"'; i++)
                    {
                        i += response[i] == '\\' ? 1 : 0;
                    }

                    break;
                case '{':
                    var close = response.IndexOf('}', i);
                    i = close + 2 + int.Parse(response[(i + 1)..close]);
                    break;
            }
        }

        return depth;
    }
}
