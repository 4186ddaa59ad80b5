using System.Buffers;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class HeaderEditingReaderTests
{
    [TestCase("To: x\r\nA: 1\r\n\r\nbody\r\n", "add B: 2", "B: 2\r\nTo: x\r\nA: 1\r\n\r\nbody\r\n")]
    [TestCase("To: x\r\n\r\n", "add B: 2;add C: 3", "C: 3\r\nB: 2\r\nTo: x\r\n\r\n")]
    [TestCase("A: 1\r\nTo: x\r\na : 2\r\n folded\r\n\r\nA: body\r\n", "remove A", "To: x\r\n\r\nA: body\r\n")]
    [TestCase("To: x\r\nA: 1\r\nB: 2\r\nA: 3\r\n\r\n", "replace a: new", "To: x\r\na: new\r\nB: 2\r\n\r\n")]
    [TestCase("To: x\r\n\r\n", "replace A: new", "A: new\r\nTo: x\r\n\r\n")]
    [TestCase("To: x\r\nA: 1\r\n\r\n", "add A: 2;remove A;add B: 3", "B: 3\r\nTo: x\r\n\r\n")]
    [TestCase("A: 1\r\n\r\nbody", "remove A", "\r\nbody")]
    [TestCase("", "add B: 2", "B: 2\r\n")]
    [TestCase("\r\nbody\r\n", "add B: 2", "B: 2\r\n\r\nbody\r\n")]
    [TestCase("only: header\r\n", "add B: 2", "B: 2\r\nonly: header\r\n")]
    [TestCase("no header\r\nA: 1\r\n", "add B: 2;remove A", "B: 2\r\n\r\nno header\r\nA: 1\r\n")]
    [TestCase("no header\r\nA: 1\r\n\r\n", "remove A", "no header\r\nA: 1\r\n\r\n")]
    [TestCase("To: x\r\nbroken line\r\nA: 1\r\n\r\n", "remove A", "To: x\r\nbroken line\r\n\r\n")]
    [TestCase("To: x\r\n\r\nbody\r\n", "", "To: x\r\n\r\nbody\r\n")]
    public async Task Headers_are_edited_however_they_arrive(string message, string edits, string expected)
    {
        var octets = Encoding.Latin1.GetBytes(message);
        for (var cut = 0; cut <= octets.Length; cut++)
        {
            Assert.That(await ReadAsync(PieceReader.Cut(octets, cut), Edits(edits), null), Is.EqualTo(expected), $"cut at {cut}");
        }

        Assert.That(await ReadAsync(PieceReader.Cut(octets, Enumerable.Range(1, octets.Length)), Edits(edits), null), Is.EqualTo(expected), "octet by octet");
    }

    [Test]
    public async Task Random_messages_edits_readers_and_pieces_agree_with_a_model([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        string[] lines = ["To: x\r\n", "A: y\r\n", " folded\r\n", "B: z\r\n", "a: q\r\n", "broken\r\n", "X: " + new string('l', 3_000) + "\r\n", "\r\n"];
        string[] edits = ["add A: new", "add C: 1", "remove A", "remove X", "replace A: other", "replace D: 2"];
        for (var round = 0; round < 100; round++)
        {
            var message = "First: 1\r\n" + string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => lines[random.Next(lines.Length)]));
            var chosen = string.Join(';', Enumerable.Range(0, random.Next(4)).Select(_ => edits[random.Next(edits.Length)]));
            var octets = Encoding.Latin1.GetBytes(message);
            var cuts = Enumerable.Range(0, random.Next(10)).Select(_ => random.Next(octets.Length + 1));
            Assert.That(await ReadAsync(PieceReader.Cut(octets, cuts), Edits(chosen), random), Is.EqualTo(Model(message, chosen)), $"{chosen} on {message}");
        }
    }

    [Test]
    public async Task A_header_of_the_limit_is_read_and_one_octet_more_is_not()
    {
        var message = Encoding.Latin1.GetBytes("A: " + new string('x', 95) + "\r\n\r\nbody\r\n");
        for (var cut = 0; cut <= message.Length; cut++)
        {
            Assert.That(await new HeaderEditingReader(PieceReader.Cut(message, cut), 100).ReadHeaderAsync(default), Is.True, $"cut at {cut}");
            Assert.That(await new HeaderEditingReader(PieceReader.Cut(message, cut), 99).ReadHeaderAsync(default), Is.False, $"cut at {cut}");
        }
    }

    private static HeaderEdits Edits(string text)
    {
        var edits = new HeaderEdits();
        foreach (var (verb, name, value) in Parse(text))
        {
            switch (verb)
            {
                case "add":
                    edits.Add(name, value);
                    break;
                case "replace":
                    edits.Replace(name, value);
                    break;
                default:
                    edits.Remove(name);
                    break;
            }
        }

        return edits;
    }

    private static IEnumerable<(string Verb, string Name, string Value)> Parse(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(static edit =>
        {
            var space = edit.IndexOf(' ');
            var parts = edit[(space + 1)..].Split(": ");
            return (edit[..space], parts[0], parts.Length > 1 ? parts[1] : "");
        });

    /// <summary>The same with lists of strings.</summary>
    private static string Model(string message, string edits)
    {
        var end = message.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var header = end < 0 ? message : message[..(end + 2)];
        var fields = new List<string>();
        foreach (var line in header.Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == ' ' && fields.Count > 0)
            {
                fields[^1] += line + "\r\n";
            }
            else
            {
                fields.Add(line + "\r\n");
            }
        }

        foreach (var (verb, name, value) in Parse(edits))
        {
            var first = fields.FindIndex(field => IsNamed(field, name));
            var made = $"{name}: {value}\r\n";
            if (verb == "add" || (verb == "replace" && first < 0))
            {
                fields.Insert(0, made);
                continue;
            }

            if (verb == "replace")
            {
                fields[first] = "\0" + made;
            }

            fields.RemoveAll(field => IsNamed(field, name));
            fields = [.. fields.Select(static field => field.TrimStart('\0'))];
        }

        return string.Concat(fields) + message[header.Length..];
    }

    private static bool IsNamed(string field, string name) => field.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase);

    private static async Task<string> ReadAsync(PieceReader input, HeaderEdits edits, Random? random)
    {
        var reader = new HeaderEditingReader(input, 1_000_000);
        Assert.That(await reader.ReadHeaderAsync(default), Is.True);
        reader.Apply(edits);
        var content = new MemoryStream();
        while (true)
        {
            var result = await reader.ReadAsync();
            var length = (int)result.Buffer.Length;
            var consumed = random is null || result.IsCompleted ? length : random.Next(length + 1);
            var examined = random is null || random.Next(2) == 0 ? length : random.Next(consumed, length + 1);
            content.Write(result.Buffer.Slice(0, consumed).ToArray());
            reader.AdvanceTo(result.Buffer.GetPosition(consumed), result.Buffer.GetPosition(examined));
            if (result.IsCompleted)
            {
                await reader.CompleteAsync();
                return Encoding.Latin1.GetString(content.ToArray());
            }
        }
    }
}
