using System.Buffers;
using System.Text;
using MailCore.Net;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DataBodyReaderTests
{
    private const string After = "RSET\r\n";
    private static readonly DataLimits Generous = new(1_000_000, 10_000, 50, RewritesLineFeeds: true, TimeSpan.FromSeconds(10));

    private static readonly string[] NotAnEnd =
    [
        "\n.\n", "\n.\r", "\r.\n", "\r.\r", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\r\n\0.\r\n", "\r\n.\0\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n",
    ];

    [TestCaseSource(nameof(NotAnEnd))]
    public async Task Only_crlf_dot_crlf_ends_data(string vector)
    {
        var octets = Encoding.Latin1.GetBytes($"before{vector}after\r\n.\r\n{After}");
        foreach (var rewrites in new[] { true, false })
        {
            for (var cut = 0; cut < octets.Length; cut++)
            {
                var read = await ReadAsync(PieceReader.Cut(octets, cut), Generous with { RewritesLineFeeds = rewrites });
                Assert.Multiple(() =>
                {
                    Assert.That(read.Rest, Is.EqualTo(After), $"cut at {cut}");
                    Assert.That(read.Outcome, Is.Not.EqualTo(DataOutcome.Pending));
                    if (read.Outcome == DataOutcome.Complete)
                    {
                        Assert.That(read.Content, Does.EndWith("after\r\n"));
                        Assert.That(Reference.HasBareLineEnd(read.Content), Is.False);
                    }
                });
            }
        }
    }

    [Test]
    public async Task Bare_cr_and_nul_are_refused_and_bare_lf_is_rewritten_or_refused()
    {
        Assert.Multiple(async () =>
        {
            Assert.That(await ReadAsync("a\rb\r\n.\r\n", Generous), Is.EqualTo(new Read("", DataOutcome.BareCarriageReturn, After)));
            Assert.That(await ReadAsync("a\0b\r\n.\r\n", Generous), Is.EqualTo(new Read("", DataOutcome.Nul, After)));
            Assert.That(await ReadAsync("a\nb\r\n.\r\n", Generous with { RewritesLineFeeds = false }), Is.EqualTo(new Read("", DataOutcome.BareLineFeed, After)));
            Assert.That(await ReadAsync("a\nb\n\n\r\n\nc\r\n.\r\n", Generous), Is.EqualTo(new Read("a\r\nb\r\n\r\n\r\n\r\nc\r\n", DataOutcome.Complete, After)));
        });
    }

    [Test]
    public async Task A_dot_behind_a_rewritten_lf_is_content()
    {
        Assert.That(await ReadAsync("\n.\r\n\r\n\n.\r\n.\r\n", Generous), Is.EqualTo(new Read("\r\n.\r\n\r\n\r\n.\r\n", DataOutcome.Complete, After)));
    }

    [TestCase(".\r\n", "")]
    [TestCase("..x\r\n.\r\n", ".x\r\n")]
    [TestCase("..\r\n.\r\n", ".\r\n")]
    [TestCase(".x\r\n.\r\n", "x\r\n")]
    [TestCase("a\r\n..\r\n...\r\n.\r\n", "a\r\n.\r\n..\r\n")]
    [TestCase("\r\n.\r\n", "\r\n")]
    [TestCase("last\r\n\r\n.\r\n", "last\r\n\r\n")]
    public async Task Dots_are_unstuffed_and_the_final_crlf_is_kept(string data, string content)
    {
        Assert.That(await ReadAsync(data, Generous), Is.EqualTo(new Read(content, DataOutcome.Complete, After)));
        var octets = Encoding.Latin1.GetBytes(data + After);
        for (var cut = 0; cut < octets.Length; cut++)
        {
            Assert.That(await ReadAsync(PieceReader.Cut(octets, cut), Generous), Is.EqualTo(new Read(content, DataOutcome.Complete, After)));
        }
    }

    [Test]
    public async Task The_size_limit_counts_content_to_the_octet()
    {
        var limits = Generous with { MaxSize = 10 };
        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAsync("12345678\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.Complete));
            Assert.That((await ReadAsync("123456789\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.TooLarge));
            Assert.That((await ReadAsync("..345678\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.Complete), "stuffing does not count");
            Assert.That((await ReadAsync("12345678\n.\r\n\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.TooLarge), "a CR added counts");
        });
    }

    [Test]
    public async Task The_line_limit_counts_without_crlf([Values(0, 1, 63, 64, 65, 200)] int offset)
    {
        var limits = Generous with { MaxLine = 1_000 };
        var before = new string('x', offset) + (offset == 0 ? "" : "\r\n");
        foreach (var cut in new[] { 1, 500, 1_000, 1_001, 1_002 })
        {
            var fits = Encoding.Latin1.GetBytes(before + new string('y', 1_000) + "\r\n.\r\n" + After);
            var tooLong = Encoding.Latin1.GetBytes(before + new string('y', 1_001) + "\r\n.\r\n" + After);
            Assert.Multiple(async () =>
            {
                Assert.That((await ReadAsync(PieceReader.Cut(fits, before.Length + cut), limits)).Outcome, Is.EqualTo(DataOutcome.Complete));
                Assert.That(await ReadAsync(PieceReader.Cut(tooLong, before.Length + cut), limits), Is.EqualTo(new Read("", DataOutcome.LongLine, After)));
            });
        }
    }

    [Test]
    public async Task Received_fields_are_counted_in_the_header_only()
    {
        var limits = Generous with { MaxReceived = 2 };
        const string Two = "Received: a\r\nrEcEiVeD : b\r\n  Received: folded\r\nReceivedly: x\r\nX-Received: y\r\n";
        Assert.Multiple(async () =>
        {
            Assert.That((await ReadAsync(Two + "\r\nReceived: c\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.Complete));
            Assert.That((await ReadAsync(Two + "Received:c\r\n\r\nbody\r\n.\r\n", limits)).Outcome, Is.EqualTo(DataOutcome.Looping));
        });
    }

    [Test]
    public async Task A_body_past_the_drain_limit_is_given_up()
    {
        var octets = Encoding.Latin1.GetBytes(new string('x', 5_000) + "\r\n.\r\n");
        using var framer = new LineFramer(PieceReader.Cut(octets, 1_000, 2_000, 3_000, 4_000), TimeProvider.System);
        var body = new DataBodyReader(framer, TimeProvider.System);
        body.Begin(Generous with { MaxSize = 10 }, default);
        Assert.That((await body.ReadAsync()).IsCompleted, Is.True);
        Assert.That(body.Outcome, Is.EqualTo(DataOutcome.TooLarge));
        Assert.That(await body.DrainAsync(2_000), Is.False);
    }

    [Test]
    public async Task What_is_handed_out_are_the_connections_own_buffers()
    {
        var octets = Encoding.Latin1.GetBytes("Subject: x\r\n\r\nsome text\r\n.\r\n");
        using var framer = new LineFramer(new PieceReader([octets]), TimeProvider.System);
        var body = new DataBodyReader(framer, TimeProvider.System);
        body.Begin(Generous, default);
        await framer.FillAsync(TimeSpan.FromSeconds(1));
        var result = await body.ReadAsync();
        Assert.That(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(result.Buffer.First, out var array), Is.True);
        Assert.That(array.Array, Is.SameAs(octets));
        Assert.That(result.IsCompleted, Is.True);
    }

    [Test]
    public async Task Random_bodies_read_as_by_the_naive_reader([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 150; round++)
        {
            var length = random.Next(random.Next(2) == 0 ? 12 : 400);
            var octets = new byte[length];
            var alphabet = random.Next(4) switch { 0 => "\r\n.", 1 => "\r\n.a\0", 2 => "\r\n.abcdefghijklmnop", _ => "\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz" };
            for (var i = 0; i < length; i++)
            {
                octets[i] = (byte)alphabet[random.Next(alphabet.Length)];
                if (octets[i] == '\r' && i + 1 < length && random.Next(10) > 0)
                {
                    octets[++i] = (byte)'\n';
                }
            }

            octets = [.. octets, .. "\r\n.\r\n"u8, .. Encoding.ASCII.GetBytes(After)];
            var limits = new DataLimits(random.Next(4) == 0 ? random.Next(300) : 10_000, random.Next(4) == 0 ? 70 : 10_000, 50, random.Next(2) == 0, TimeSpan.FromSeconds(10));
            var cuts = Enumerable.Range(0, random.Next(8)).Select(_ => random.Next(octets.Length)).ToArray();
            var expected = Reference.Read(octets, limits);
            var actual = await ReadAsync(PieceReader.Cut(octets, cuts), limits, random);
            Assert.Multiple(() =>
            {
                Assert.That(actual.Rest, Is.EqualTo(expected.Rest));
                Assert.That(actual.Outcome == DataOutcome.Complete, Is.EqualTo(expected.Outcome == DataOutcome.Complete));
                Assert.That(actual.Content, Is.EqualTo(expected.Content));
            });
        }
    }

    private static Task<Read> ReadAsync(string data, DataLimits limits) => ReadAsync(new PieceReader([Encoding.Latin1.GetBytes(data + After)]), limits);

    /// <summary>Reads as a stager would; with a random source as a capricious one.</summary>
    private static async Task<Read> ReadAsync(PieceReader input, DataLimits limits, Random? random = null)
    {
        using var framer = new LineFramer(input, TimeProvider.System);
        var body = new DataBodyReader(framer, TimeProvider.System);
        body.Begin(limits, default);
        var content = new MemoryStream();
        while (true)
        {
            var result = await body.ReadAsync();
            var length = (int)result.Buffer.Length;
            var consumed = random is null ? length : random.Next(length + 1);
            var examined = random is null || random.Next(2) == 0 ? length : random.Next(consumed, length + 1);
            if (result.IsCompleted)
            {
                consumed = examined = length;
            }

            content.Write(result.Buffer.Slice(0, consumed).ToArray());
            body.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.GetPosition(examined));
            if (result.IsCompleted)
            {
                break;
            }
        }

        var outcome = body.Outcome;
        if (outcome == DataOutcome.Complete)
        {
            body.End();
        }
        else
        {
            Assert.That(await body.DrainAsync(100_000), Is.True);
            content.SetLength(0);
        }

        while (await framer.FillAsync(TimeSpan.FromSeconds(1)) == FillResult.Data)
        {
        }

        return new Read(Encoding.Latin1.GetString(content.ToArray()), outcome, Encoding.Latin1.GetString(framer.Buffer.ToArray()));
    }

    private sealed record Read(string Content, DataOutcome Outcome, string Rest);

    /// <summary>The rules once more, an octet at a time.</summary>
    private static class Reference
    {
        public static bool HasBareLineEnd(string text) => text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n');

        public static Read Read(byte[] octets, DataLimits limits)
        {
            var data = Encoding.Latin1.GetString(octets);
            var end = data.StartsWith(".\r\n", StringComparison.Ordinal) ? 0 : data.IndexOf("\r\n.\r\n", StringComparison.Ordinal) + 2;
            var rest = data[(end + 3)..];
            var content = new StringBuilder();
            var refused = false;
            for (var i = 0; i < end; i++)
            {
                var c = data[i];
                var isLineStart = i == 0 || (i >= 2 && data[i - 2] == '\r' && data[i - 1] == '\n');
                if (c == '.' && isLineStart)
                {
                    continue;
                }

                var isBareLf = c == '\n' && (i == 0 || data[i - 1] != '\r');
                refused |= c == '\0' || (c == '\r' && data[i + 1] != '\n') || (isBareLf && !limits.RewritesLineFeeds);
                content.Append(isBareLf ? "\r\n" : c);
            }

            var lines = content.ToString().Split("\r\n");
            refused |= content.Length > limits.MaxSize || lines.Any(line => line.Length > limits.MaxLine);
            return new Read(refused ? "" : content.ToString(), refused ? DataOutcome.TooLarge : DataOutcome.Complete, rest);
        }
    }
}
