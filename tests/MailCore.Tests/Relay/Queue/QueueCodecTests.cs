using System.Net;
using MailCore.Messaging;
using MailCore.Relay;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

[TestFixture]
internal sealed class QueueCodecTests
{
    private static QueueEntry Entry() => new()
    {
        QueueId = "Q",
        Session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTPSA", ServerName = "mx", ClientName = "client", RemoteEndPoint = new IPEndPoint(IPAddress.IPv6Loopback, 25), AuthenticatedUser = "anna" },
        Envelope = new Envelope(new ReversePath(EmailAddress.Parse("grüße@bücher.example"))) { SmtpUtf8 = true, Parameters = new Dictionary<string, string?> { ["X"] = null } },
        Recipients = [new QueueRecipient(new Recipient(EmailAddress.Postmaster), null)],
        AddedFields = "A: b\r\n"u8.ToArray(),
        QuarantineReason = "why",
        AcceptedAt = DateTimeOffset.UnixEpoch,
    };

    [Test]
    public void What_is_written_is_read()
    {
        var entry = Entry();
        var read = QueueCodec.DecodeEntry(QueueCodec.EncodeEntry(entry), "Q", entry.AcceptedAt, QueueLane.Report);
        Assert.That(read.Session, Is.EqualTo(entry.Session));
        Assert.That(read.Envelope.From, Is.EqualTo(entry.Envelope.From));
        Assert.That(read.Envelope.Parameters, Is.EqualTo(entry.Envelope.Parameters));
        Assert.That((read.QuarantineReason, read.Lane), Is.EqualTo(("why", QueueLane.Report)));
        Assert.That(QueueCodec.DecodeRecipients(QueueCodec.EncodeRecipients(entry.Recipients)).Single().Recipient.Address, Is.EqualTo(EmailAddress.Postmaster));
    }

    [Test]
    public void What_was_written_before_a_message_could_say_TLS_Required_No_is_read()
    {
        var entry = Entry() with { IsTlsNotRequired = true };
        var octets = QueueCodec.EncodeEntry(entry);
        Assert.That(QueueCodec.DecodeEntry(octets, "Q", entry.AcceptedAt, default).IsTlsNotRequired);
        var before = QueueCodec.DecodeEntry(octets.AsSpan(0, octets.Length - 1), "Q", entry.AcceptedAt, default);
        Assert.That(before.IsTlsNotRequired, Is.False);
        Assert.That(before.AddedFields.ToArray(), Is.EqualTo(entry.AddedFields.ToArray()));
    }

    [Test]
    public void Damaged_octets_are_told_as_such_and_nothing_else_happens()
    {
        var random = new Random(20261127);
        byte[][] good = [QueueCodec.EncodeEntry(Entry()), QueueCodec.EncodeRecipients(Entry().Recipients)];
        for (var i = 0; i < 20_000; i++)
        {
            var octets = good[i % 2][..random.Next(1, good[i % 2].Length + 1)].ToArray();
            octets[random.Next(octets.Length)] = (byte)random.Next(256);
            try
            {
                _ = i % 2 == 0 ? (object)QueueCodec.DecodeEntry(octets, "Q", default, default) : QueueCodec.DecodeRecipients(octets);
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        }
    }
}
