using System.Globalization;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>SEARCH beside Dovecot: the same texts, in scripts and forms of many kinds, and the same answers.</summary>
internal sealed class SearchReferenceTests : SampleFixture
{
    private const int Messages = 60;
    private const int Searches = 120;
    private const string User = "reference";

    private static readonly string[] Keys = ["SUBJECT", "FROM", "HEADER X-Note", "BODY", "TEXT"];

    // Each line has letters that are the same to i;unicode-casemap. U+212B is not among them: Dovecot 2.3 stops at U+00C5, where RFC 5051
    // goes on.
    private static readonly string[][] Letters =
    [
        ["a", "A", "\uFF41"], ["b", "B"], ["i", "I", "ı"], ["k", "K", "\u212A"], ["s", "S", "ſ"], ["2", "²"], ["é", "É", "e\u0301"], ["ö", "Ö"], ["ü", "Ü", "U\u0308"], ["å", "Å"],
        ["š", "Š"], ["ł", "Ł"], ["ß"], ["\u1E9E"], ["ﬁ"], ["ǆ", "Ǆ", "ǅ"], ["İ"], ["σ", "ς", "Σ"], ["ά", "Ά"], ["ω", "\u2126"], ["п", "П"], ["й", "Й"], ["ё", "Ё"], ["ガ", "ｶﾞ"],
        ["日"], ["가"], ["각"], ["𐐨", "𐐀"], ["🎉"], ["-"], [" "],
    ];

    protected override int Accounts => 3;

    [Test]
    [Property("Fact", "the numbers after SEARCH are Dovecot's")]
    public async Task Texts_are_found_where_Dovecot_finds_them([Range(1, 3)] int seed)
    {
        DovecotServer.Require();
        var random = new Random(seed);
        var texts = new List<int[]>();
        var messages = Enumerable.Range(0, Messages).Select(_ => Message(random, texts)).ToList();
        await using var dovecot = await DovecotServer.StartAsync();
        await using var theirs = await FillAsync(await RawImap.ConnectAsync(dovecot.Port, User, DovecotServer.Password, mailbox: null, tls: false), messages);
        await using var ours = await FillAsync(await OpenImapAsync(NewAccount(), mailbox: null), messages);
        Assert.Multiple(async () =>
        {
            for (var i = 0; i < Searches; i++)
            {
                var needle = Needle(random, texts);
                foreach (var key in Keys)
                {
                    var command = $"SEARCH CHARSET UTF-8 {key} {{{Encoding.UTF8.GetByteCount(needle)}+}}\r\n{needle}";
                    Assert.That((await ours.SendAsync(command))[0].Text, Is.EqualTo((await theirs.SendAsync(command))[0].Text), $"{key} {needle}");
                }
            }
        });
    }

    private static async Task<RawImap> FillAsync(RawImap imap, List<byte[]> messages)
    {
        foreach (var octets in messages)
            await imap.AppendAsync("INBOX", octets.Length, new MemoryStream(octets));

        await imap.SendAsync("SELECT INBOX");
        return imap;
    }

    private static byte[] Message(Random random, List<int[]> texts)
    {
        var (subject, from, note, body) = (Text(random, texts), Text(random, texts), Text(random, texts), Text(random, texts));
        var isBase64 = random.Next(2) == 0;
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"""
            Subject: {Word(subject)}
            From: {Word(from)} <anna@example.org>
            X-Note: {Word(note)}
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: {(isBase64 ? "base64" : "8bit")}

            {(isBase64 ? Convert.ToBase64String(Encoding.UTF8.GetBytes(body)) : body)}

            """).ReplaceLineEndings("\r\n"));
    }

    private static string Word(string text) => $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}?=";

    // Without space at the ends.
    private static string Text(Random random, List<int[]> texts)
    {
        int[] lines = [0, .. Enumerable.Range(0, random.Next(1, 24)).Select(_ => random.Next(Letters.Length)), 1];
        texts.Add(lines);
        return Write(random, lines);
    }

    // A part of a text, in other letters.
    private static string Needle(Random random, List<int[]> texts)
    {
        var lines = texts[random.Next(texts.Count)];
        var needle = Write(random, lines.Skip(random.Next(lines.Length)).Take(random.Next(1, 8)));
        return needle.Trim() is { Length: > 0 } trimmed ? trimmed : "a";
    }

    private static string Write(Random random, IEnumerable<int> lines) => string.Concat(lines.Select(line => Letters[line][random.Next(Letters[line].Length)]));
}
