using MailCore.Imap.Wire;
using MailCore.Mime;

namespace MailCore.Imap.Fetch;

/// <summary>ENVELOPE (RFC 3501 7.4.2).</summary>
internal static class EnvelopeWriter
{
    public static ImapWriter Envelope(this ImapWriter writer, MessageEnvelope envelope) => writer
        .Raw("("u8).NString(envelope.Date)
        .Raw(" "u8).NString(envelope.Subject)
        .Raw(" "u8).Addresses(envelope.From)
        .Raw(" "u8).Addresses(envelope.Sender)
        .Raw(" "u8).Addresses(envelope.ReplyTo)
        .Raw(" "u8).Addresses(envelope.To)
        .Raw(" "u8).Addresses(envelope.Cc)
        .Raw(" "u8).Addresses(envelope.Bcc)
        .Raw(" "u8).NString(envelope.InReplyTo)
        .Raw(" "u8).NString(envelope.MessageId)
        .Raw(")"u8);

    private static ImapWriter Addresses(this ImapWriter writer, IReadOnlyList<MailAddressEntry> addresses)
    {
        if (addresses.Count == 0)
        {
            return writer.Nil();
        }

        writer.Raw("("u8);
        foreach (var address in addresses)
        {
            writer
                .Raw("("u8).NString(address.Name)
                .Raw(" "u8).NString(address.Route)
                .Raw(" "u8).NString(address.Mailbox)
                .Raw(" "u8).NString(address.Host)
                .Raw(")"u8);
        }

        return writer.Raw(")"u8);
    }
}
