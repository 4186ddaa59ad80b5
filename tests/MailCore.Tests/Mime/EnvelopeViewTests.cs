using System.Text;
using MailCore.Imap.Search;
using MailCore.Mime;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

/// <summary>A field looked at in its encoded form is what the decoded envelope says; damage is never an exception.</summary>
[TestFixture]
public class EnvelopeViewTests
{
    private static readonly EnvelopeFields[] Texts = [EnvelopeFields.Date, EnvelopeFields.Subject, EnvelopeFields.InReplyTo, EnvelopeFields.MessageId, EnvelopeFields.References];
    private static readonly EnvelopeFields[] Lists = [EnvelopeFields.From, EnvelopeFields.To, EnvelopeFields.Cc, EnvelopeFields.Bcc];

    [Test]
    public void Every_field_is_what_the_envelope_says([Values(51, 52)] int seed)
    {
        var random = new RandomMessages(seed);
        var messages = MessageCorpus.Files.Select(static message => message.ReadAll()).Concat(Enumerable.Range(0, RandomMessages.Count).Select(_ => random.Mutated()));
        foreach (var message in messages)
        {
            var summary = Summaries.Of(message);
            Assert.That(EnvelopeView.TryOpen(summary.Encode().Span, out var view), Is.True);
            foreach (var field in Texts)
            {
                Assert.That(view.TryGet(field, out var value), Is.EqualTo(Text(summary.Envelope, field) is not null));
                Assert.That(value.SequenceEqual(Text(summary.Envelope, field).GetValueOrDefault().Span), Is.True, field.ToString());
            }

            foreach (var field in Lists)
            {
                var entries = List(summary.Envelope, field);
                var isThere = view.TryGet(field, out var value);
                Assert.That(isThere || entries.Count == 0, Is.True);
                Assert.That(Describe(value), Is.EqualTo(entries.Select(static entry => $"{Utf8(entry.Name)}|{Utf8(entry.Mailbox)}|{Utf8(entry.Host)}")), field.ToString());

                // The text that is searched is that of the entries, joined.
                if (entries.Count > 0)
                {
                    Assert.That(new HeaderTextFinder(string.Join(", ", entries)).IsIn(new AddressListView(value)), Is.True);
                }
            }
        }
    }

    [Test]
    public void Damaged_encodings_are_read_without_an_exception([Values(61, 62)] int seed)
    {
        var random = new Random(seed);
        var encodings = MessageCorpus.Files.Select(static message => Summaries.Of(message.ReadAll()).Encode().ToArray()).ToList();
        for (var round = 0; round < RandomMessages.Count * 20; round++)
        {
            var octets = encodings[random.Next(encodings.Count)].ToArray();
            for (var left = random.Next(1, 6); left > 0; left--)
            {
                octets[random.Next(Math.Min(octets.Length, 120))] = (byte)random.Next(256);
            }

            octets = octets[..random.Next(octets.Length + 1)];
            if (EnvelopeView.TryOpen(octets, out var view))
            {
                foreach (var field in Texts.Concat(Lists))
                {
                    if (view.TryGet(field, out var value) && field >= EnvelopeFields.From)
                    {
                        new HeaderTextFinder("x").IsIn(new AddressListView(value));
                    }
                }
            }
        }
    }

    [TestCase("Grüße", "=?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle", true)]
    [TestCase("GRÜSSE", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", false)]
    [TestCase("an ALLE", "plain, an alle", true)]
    [TestCase("=?utf-8", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", false)]
    [TestCase("", "", true)]
    public void A_text_is_found_in_what_people_read(string text, string value, bool isFound) =>
        Assert.That(new HeaderTextFinder(text).IsIn(Encoding.UTF8.GetBytes(value)), Is.EqualTo(isFound));

    private static ReadOnlyMemory<byte>? Text(MessageEnvelope envelope, EnvelopeFields field) => field switch
    {
        EnvelopeFields.Date => envelope.Date,
        EnvelopeFields.Subject => envelope.Subject,
        EnvelopeFields.InReplyTo => envelope.InReplyTo,
        EnvelopeFields.MessageId => envelope.MessageId,
        _ => envelope.References,
    };

    private static IReadOnlyList<MailAddressEntry> List(MessageEnvelope envelope, EnvelopeFields field) => field switch
    {
        EnvelopeFields.From => envelope.From,
        EnvelopeFields.To => envelope.To,
        EnvelopeFields.Cc => envelope.Cc,
        _ => envelope.Bcc,
    };

    private static List<string> Describe(ReadOnlySpan<byte> entries)
    {
        var all = new List<string>();
        foreach (var entry in new AddressListView(entries))
        {
            all.Add($"{Utf8(entry.HasName, entry.Name)}|{Utf8(entry.HasMailbox, entry.Mailbox)}|{Utf8(entry.HasHost, entry.Host)}");
        }

        return all;
    }

    private static string Utf8(ReadOnlyMemory<byte>? octets) => Utf8(octets is not null, octets.GetValueOrDefault().Span);

    private static string Utf8(bool isThere, ReadOnlySpan<byte> octets) => isThere ? Convert.ToHexString(octets) : "-";
}
