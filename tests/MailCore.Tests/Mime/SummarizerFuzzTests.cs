using System.Text;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class SummarizerFuzzTests
{
    private static IEnumerable<CorpusMessage> Small => MessageCorpus.Files;

    [TestCaseSource(nameof(Small))]
    public void Any_split_of_a_message_in_two_gives_the_same_summary(CorpusMessage message)
    {
        var octets = message.ReadAll();
        var whole = Summaries.Of(octets).Encode().ToArray();
        for (var cut = 0; cut <= octets.Length; cut++)
        {
            var summarizer = new MessageSummarizer();
            summarizer.Push(octets.AsSpan(0, cut));
            summarizer.Push(octets.AsSpan(cut));
            Assert.That(summarizer.Complete().Encode().Span.SequenceEqual(whole), $"cut at {cut}");
        }
    }

    [TestCaseSource(nameof(Small))]
    public void Pieces_of_any_size_give_the_same_summary(CorpusMessage message)
    {
        var octets = message.ReadAll();
        var whole = Summaries.Of(octets).Encode().ToArray();
        for (var size = 1; size < 90; size++)
            Assert.That(Summaries.InPieces(octets, size).Encode().Span.SequenceEqual(whole), $"pieces of {size}");
    }

    [Test]
    public void Pieces_of_odd_sizes_give_the_same_summary_of_long_messages()
    {
        foreach (var message in MessageCorpus.Generated)
        {
            var octets = message.ReadAll();
            var whole = Summaries.Of(octets).Encode().ToArray();
            foreach (var size in (int[])[1, 7, 4_093, 32_768, 65_537])
                Assert.That(Summaries.InPieces(octets, size).Encode().Span.SequenceEqual(whole), $"{message.Name} in pieces of {size}");
        }
    }

    [Test]
    public void Random_structures_are_what_a_slow_reading_finds([Values(1, 2, 3)] int seed)
    {
        var messages = new RandomMessages(seed);
        for (var round = 0; round < RandomMessages.Count * 10; round++)
        {
            var text = messages.Structured();
            var found = Summaries.Walk(Summaries.Of(text).Root)
                .Select(part => $"{part.Path} {part.Part.Type()} {part.Part.HeaderOffset}+{part.Part.HeaderLength} {part.Part.BodyOffset}+{part.Part.BodyLength}");
            Assert.That(found, Is.EqualTo(NaiveStructure.Describe(text)), () => $"round {round}:\n{text}");
        }
    }

    [Test]
    public void Mutated_messages_keep_the_invariants([Values(11, 12)] int seed)
    {
        var messages = new RandomMessages(seed);
        for (var round = 0; round < RandomMessages.Count; round++)
            Check(messages.Mutated(), messages, $"round {round}");
    }

    [Test]
    public void Noise_keeps_the_invariants()
    {
        var messages = new RandomMessages(21);
        for (var round = 0; round < RandomMessages.Count; round++)
            Check(messages.Noise(200), messages, $"round {round}");
    }

    [Test]
    public void Small_limits_keep_the_invariants_and_any_split_gives_the_same()
    {
        var limits = new MimeLimits { Depth = 3, Parts = 5, HeaderOctets = 60, HeaderLines = 3, Parameters = 2, Addresses = 2, SummaryOctets = 150 };
        var messages = new RandomMessages(31);
        for (var round = 0; round < RandomMessages.Count; round++)
            Check(round % 2 == 0 ? messages.Mutated() : Encoding.Latin1.GetBytes(messages.Structured()), messages, $"round {round}", limits);
    }

    [Test]
    public void Damaged_encodings_are_refused_or_read_without_an_exception()
    {
        var messages = new RandomMessages(41);
        var encodings = MessageCorpus.Files.Select(message => Summaries.Of(message.ReadAll()).Encode().ToArray()).ToList();
        for (var round = 0; round < RandomMessages.Count * 10; round++)
        {
            var damaged = encodings[messages.Next(encodings.Count)].ToArray();
            messages.Shuffle(damaged, 1 + messages.Next(3));
            damaged = damaged[..(damaged.Length - (messages.Next(4) == 0 ? messages.Next(damaged.Length) : 0))];
            if (MessageSummary.TryDecode(damaged, out var summary))
                Assert.That(() => Touch(summary), Throws.Nothing, $"round {round}");
        }
    }

    private static void Check(byte[] octets, RandomMessages random, string what, MimeLimits? limits = null)
    {
        var summary = Summaries.Of(octets, limits);
        CheckOffsets(summary, octets.Length, what);
        Assert.That(Touch(summary), Does.Not.Contain('\0').And.Not.Contain('\r').And.Not.Contain('\n'), what);

        var encoded = summary.Encode();
        Assert.That(MessageSummary.TryDecode(encoded.ToArray(), out var decoded), what);
        Assert.That(Touch(decoded!), Is.EqualTo(Touch(summary)), what);
        Assert.That(Summaries.InPieces(octets, 1, limits).Encode().Span.SequenceEqual(encoded.Span), what);
        Assert.That(Summaries.InPieces(octets, 2 + random.Next(40), limits).Encode().Span.SequenceEqual(encoded.Span), what);
    }

    private static void CheckOffsets(MessageSummary summary, int length, string what)
    {
        Assert.That(summary.Length, Is.EqualTo(length), what);
        Assert.That(summary.Root.HeaderOffset, Is.Zero, what);
        Assert.That(summary.Root.BodyOffset + summary.Root.BodyLength, Is.EqualTo(length), what);
        foreach (var (path, part) in Summaries.Walk(summary.Root))
        {
            Assert.That(part.HeaderLength, Is.GreaterThanOrEqualTo(0), $"{what} {path}");
            Assert.That(part.BodyLength, Is.GreaterThanOrEqualTo(0), $"{what} {path}");
            Assert.That(part.LineCount, Is.InRange(0, part.BodyLength), $"{what} {path}");
            Assert.That(part.IsMultipart, Is.EqualTo(part.Children.Count > 0), $"{what} {path}");
            Assert.That(part.IsMessage, Is.EqualTo(part.NestedRoot is not null), $"{what} {path}");
            var free = part.BodyOffset;
            var end = part.BodyOffset + part.BodyLength;
            foreach (var child in part.NestedRoot is { } nested ? [nested] : part.Children)
            {
                Assert.That(child.HeaderOffset, Is.GreaterThanOrEqualTo(free), $"{what} {path}");
                free = child.BodyOffset + child.BodyLength;
                Assert.That(free, Is.LessThanOrEqualTo(end), $"{what} {path}");
            }
        }
    }

    /// <summary>Reads everything there is to read.</summary>
    private static string Touch(MessageSummary summary)
    {
        var text = new StringBuilder().Append(summary.Preview).Append(summary.PartCount);
        Touch(summary.Envelope, text);
        foreach (var (path, part) in Summaries.Walk(summary.Root))
        {
            text.Append(path).Append(part.Type()).Append(Summaries.Text(part.TransferEncoding)).Append(Summaries.Text(part.Parameters))
                .Append(Summaries.Text(part.DispositionParameters)).Append(Summaries.Text(part.ContentId)).Append(Summaries.Text(part.Disposition))
                .Append(part.GetParameter("name")).Append(part.GetDispositionParameter("filename")).Append(Summaries.Text(part.Description))
                .Append(Summaries.Text(part.Location)).Append(Summaries.Text(part.Md5)).AppendJoin(',', part.Languages.Select(tag => Summaries.Text(tag)));
            if (part.NestedEnvelope is { } envelope)
                Touch(envelope, text);
        }

        return text.ToString();
    }

    private static void Touch(MessageEnvelope envelope, StringBuilder text)
    {
        text.Append(envelope.DecodedSubject).Append(envelope.SentDate).Append(Summaries.Text(envelope.MessageId)).Append(Summaries.Text(envelope.References));
        foreach (var list in (IReadOnlyList<MailAddressEntry>[])[envelope.From, envelope.Sender, envelope.ReplyTo, envelope.To, envelope.Cc, envelope.Bcc])
        {
            foreach (var entry in list)
                text.Append(entry.ToString());
        }
    }
}
