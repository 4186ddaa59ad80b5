using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class StructureTests
{
    private static IEnumerable<string> Names => MessageCorpus.Files.Select(message => message.Name);

    [TestCaseSource(nameof(Names))]
    public void Corpus_message_has_the_structure_written_down_for_it(string name)
    {
        var octets = MessageCorpus.Get(name).ReadAll();
        var (expected, crlf) = Expected(name);
        var summary = Summaries.Of(octets);
        var parts = Summaries.Walk(summary.Root).ToList();

        Assert.That(parts.Select(part => $"{part.Path} {part.Part.Type()}"), Is.EqualTo(expected.Select(part => $"{part.Path} {part.Type}")));
        Assert.That(summary.PartCount, Is.EqualTo(expected.Length));
        Assert.That(summary.Length, Is.EqualTo(octets.Length));
        using (Assert.EnterMultipleScope())
        {
            foreach (var ((path, part), wanted) in parts.Zip(expected))
            {
                Assert.That(part.LineCount, Is.EqualTo(wanted.Lines), $"lines of '{path}'");
                if (wanted.Header is { } header)
                    Assert.That(Slice(octets, part.HeaderOffset, part.HeaderLength), Is.EqualTo(LineEnds(header, crlf)), $"header of '{path}'");

                if (wanted.Body is { } body)
                    Assert.That(Slice(octets, part.BodyOffset, part.BodyLength), Is.EqualTo(LineEnds(body, crlf)), $"body of '{path}'");
            }
        }

        Assert.That(summary.Root.BodyOffset + summary.Root.BodyLength, Is.EqualTo(octets.Length));
    }

    [Test]
    public void Each_structure_written_down_belongs_to_a_message() =>
        Assert.That(ExpectedStructures.ByName.Keys.Concat(ExpectedStructures.Broken.Keys), Is.SubsetOf(Names));

    [TestCase("generated-body-line-100000", "text/plain", 2)]
    [TestCase("generated-header-line-100000", "text/plain", 1)]
    [TestCase("generated-lines-of-998", "text/plain", 50)]
    [TestCase("generated-1mb-attachment", "multipart/mixed", 13_509)]
    [TestCase("generated-1000-parts", "multipart/mixed", 3_001)]
    [TestCase("generated-nested-60", "multipart/mixed", 240)]
    public void Generated_message_has_its_type_and_lines(string name, string type, long lines)
    {
        var message = MessageCorpus.Generated.Single(message => message.Name == name);
        var root = Summaries.Of(message.Open()).Root;
        Assert.That(root.Type(), Is.EqualTo(type));
        Assert.That(root.LineCount, Is.EqualTo(lines));
    }

    [Test]
    public void A_thousand_parts_are_found_each_where_it_stands()
    {
        var message = MessageCorpus.Generated.Single(message => message.Name == "generated-1000-parts");
        var octets = message.ReadAll();
        var root = Summaries.Of(octets).Root;
        Assert.That(root.Children, Has.Count.EqualTo(1_000));
        Assert.That(root.Children.Select(part => Slice(octets, part.BodyOffset, part.BodyLength)), Is.All.EqualTo("part"));
    }

    [Test]
    public void An_attachment_of_50_MB_is_measured_without_being_held()
    {
        var large = MessageCorpus.Large();
        var root = Summaries.Of(large.Open()).Root;
        Assert.That(root.Children, Has.Count.EqualTo(2));
        Assert.That(root.Children[1].Type(), Is.EqualTo("application/octet-stream"));

        // 76 characters and CRLF a line, the last CRLF being the boundary's.
        Assert.That(root.Children[1].BodyLength, Is.EqualTo(50L * 1024 * 1024 / 78 * 78 - 2));
        Assert.That(root.Children[1].LineCount, Is.EqualTo(50L * 1024 * 1024 / 78 - 1));
        Assert.That(root.BodyOffset + root.BodyLength, Is.EqualTo(large.Length));
    }

    [Test]
    public void Offsets_past_two_gigabytes_are_right()
    {
        var head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n";
        var block = new byte[1024 * 1024];
        block.AsSpan().Fill((byte)'x');
        var summarizer = new MessageSummarizer();
        summarizer.Push(Encoding.ASCII.GetBytes(head));
        for (var i = 0; i < 2_100; i++)
            summarizer.Push(block);

        summarizer.Push("\r\n--b\r\nContent-ID: <last>\r\n\r\nend\r\n--b--\r\n"u8);
        var root = summarizer.Complete().Root;
        Assert.That(root.Children[0].BodyLength, Is.EqualTo(2_100L * 1024 * 1024));
        Assert.That(root.Children[1].HeaderOffset, Is.EqualTo(head.Length + 2_100L * 1024 * 1024 + 7));
        Assert.That(root.Children[1].BodyLength, Is.EqualTo(3));
        Assert.That(Summaries.Text(root.Children[1].ContentId), Is.EqualTo("<last>"));
    }

    private static (ExpectedPart[] Parts, bool Crlf) Expected(string name) =>
        name == "broken-bare-lf" ? (ExpectedStructures.BareLineFeeds, false)
        : ExpectedStructures.ByName.TryGetValue(name, out var parts) ? (parts, true)
        : ExpectedStructures.Broken.TryGetValue(name, out parts) ? (parts, true)
        : throw new AssertionException($"Nobody has written down the structure of '{name}'.");

    private static string LineEnds(string text, bool crlf) => crlf ? text.Replace("\n", "\r\n") : text;

    private static string Slice(byte[] octets, long offset, long length) => Encoding.Latin1.GetString(octets, (int)offset, (int)length);
}
