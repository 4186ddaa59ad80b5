using System.Text;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>
/// SEARCH compares as i;unicode-casemap does (RFC 5255 4.2): random texts in random charsets and encodings, in headers and in bodies that
/// come in pieces, against preparing everything letter by letter and looking for one string in another.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapCasemapTests
{
    private const int Messages = 40;
    private const int Searches = 120;

    // Of MessageText: texts are put across its ends.
    private const int Piece = 16 * 1024;

    private static readonly string[] Charsets =
        ["utf-8", "utf-16be", "utf-16le", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "windows-1252", "koi8-r", "gb18030", "shift_jis", "euc-kr"];

    [Test]
    public async Task In_memory([Range(1, 6)] int seed)
    {
        await using var server = new ImapTestServer();
        await RunAsync(server, seed, static () => Task.CompletedTask);
    }

    [Test]
    public async Task In_sqlite_with_an_index_which_hides_nothing([Range(7, 10)] int seed)
    {
        using var folder = new SqliteTestFolder();
        await using var store = SqliteMailStore.Open(folder.Path, new SqliteStoreOptions { FullTextSearch = true });
        await using var server = new ImapTestServer();
        server.UseStore(store);
        await RunAsync(server, seed, () => store.IndexTextAsync());
    }

    [TestCase("utf-8")]
    [TestCase("utf-16le")]
    [TestCase("gb18030")]
    public async Task A_character_of_two_units_is_found_wherever_a_piece_ends(string name)
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var charset = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        foreach (var shift in Enumerable.Range(0, 40))
        {
            var octets = charset.GetBytes(new string('x', ((Piece - shift) / charset.GetByteCount("x")) + shift) + "𐐨𐐩𐐪");
            var text = Convert.ToBase64String([.. Enumerable.Repeat((byte)(name == "utf-16le" ? 0 : 'y'), 2 * (shift % 2)), .. octets], Base64FormattingOptions.InsertLineBreaks);
            await server.AppendAsync(Encoding.ASCII.GetBytes($"Content-Type: text/plain; charset={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n"));
        }

        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("SEARCH RETURN (COUNT) CHARSET UTF-8 BODY {13+}\r\nx𐐀𐐁𐐂"))[0], Does.EndWith("COUNT 40"));
    }

    private static async Task RunAsync(ImapTestServer server, int seed, Func<Task> index)
    {
        var random = new Random(seed);
        await server.AddUserAsync();
        var messages = Enumerable.Range(0, Messages).Select(_ => Message.Make(random)).ToList();
        foreach (var message in messages)
        {
            await server.AppendAsync(message.Octets);
        }

        await index();
        await using var client = await server.SelectedAsync();
        for (var i = 0; i < Searches; i++)
        {
            var letters = Needle(messages, random);
            var (text, prepared) = (string.Concat(letters), Letters.Prepare(letters));
            await CheckAsync("SUBJECT", static message => message.Subject);
            await CheckAsync("FROM", static message => message.From);
            await CheckAsync("HEADER X-Note", static message => message.Note);
            await CheckAsync("BODY", static message => message.Body);
            await CheckAsync("TEXT", static message => $"{message.Header}\n{message.Body}");

            async Task CheckAsync(string key, Func<Message, string> where)
            {
                var expected = Enumerable.Range(1, Messages).Where(number => where(messages[number - 1]).Contains(prepared, StringComparison.Ordinal));
                var found = await client.OkAsync($"SEARCH CHARSET UTF-8 {key} {{{Encoding.UTF8.GetByteCount(text)}+}}\r\n{text}");
                Assert.That(found[0], Is.EqualTo($"* SEARCH {string.Join(' ', expected)}".TrimEnd()), $"{key} {text}");
            }
        }
    }

    // Mostly a part of a text, in other letters that are the same.
    private static List<string> Needle(List<Message> messages, Random random)
    {
        var message = messages[random.Next(Messages)];
        var source = random.Next(5) == 0 ? Letters.Of(Encoding.UTF8) : message.Sources[random.Next(message.Sources.Count)];
        var start = random.Next(source.Count);
        return [.. source.Skip(start).Take(random.Next(1, 12)).Select(letter => Letters.Other(letter, random))];
    }

    /// <summary>Texts in prepared form, the octets apart.</summary>
    private sealed record Message(string Subject, string From, string Note, string Header, string Body, byte[] Octets, List<IReadOnlyList<string>> Sources)
    {
        public static Message Make(Random random)
        {
            var name = Charsets[random.Next(Charsets.Length)];
            var charset = CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
                ?? Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
            var alphabet = Letters.Of(charset);
            var (subject, from, note, body) = (Text(alphabet, random), Text(alphabet, random), Text(alphabet, random), Text(alphabet, random));
            var filler = random.Next(3) == 0 ? new string('x', Math.Max(0, Piece - random.Next(80))) : "";
            var encoding = random.Next(3) switch { 0 => "base64", 1 => "quoted-printable", _ => name.StartsWith("utf-16", StringComparison.Ordinal) ? "base64" : "8bit" };
            var header = $"""
                Subject: {Word(subject)}
                From: {Word(from)} <anna@example.org>
                X-Note: {Word(note)}
                Content-Type: text/plain; charset={name}
                Content-Transfer-Encoding: {encoding}


                """.ReplaceLineEndings("\r\n");
            return new Message(
                Letters.Prepare(subject),
                $"{Letters.Prepare(from)} <ANNA@EXAMPLE.ORG>",
                Letters.Prepare(note),
                $"SUBJECT: {Letters.Prepare(subject)}\nFROM: {Letters.Prepare(from)} <ANNA@EXAMPLE.ORG>\nX-NOTE: {Letters.Prepare(note)}\nCONTENT-TYPE: TEXT/PLAIN; CHARSET={name.ToUpperInvariant()}\nCONTENT-TRANSFER-ENCODING: {encoding.ToUpperInvariant()}\n",
                filler.ToUpperInvariant() + Letters.Prepare(body),
                [.. Encoding.ASCII.GetBytes(header), .. Encode(charset.GetBytes(filler + string.Concat(body)), encoding)],
                [subject, from, note, body]);

            string Word(IEnumerable<string> letters) => $"=?{name}?B?{Convert.ToBase64String(charset.GetBytes(string.Concat(letters)))}?=";
        }

        // Without space at the ends, where headers are trimmed.
        private static List<string> Text(string[] alphabet, Random random) =>
            ["z", .. Enumerable.Range(0, random.Next(1, 40)).Select(_ => alphabet[random.Next(alphabet.Length)]), "z"];

        private static byte[] Encode(byte[] octets, string encoding) => encoding switch
        {
            "base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(octets, Base64FormattingOptions.InsertLineBreaks)),
            "quoted-printable" => Encoding.ASCII.GetBytes(string.Concat(octets.Select(static (octet, index) =>
                $"{(octet is > 0x20 and < 0x7F and not (byte)'=' ? ((char)octet).ToString() : $"={octet:X2}")}{(index % 20 == 19 ? "=\r\n" : "")}"))),
            _ => octets,
        };
    }
}
