using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>The first address of a field: its mailbox (RFC 5256 3), or what a client would show of it (RFC 5957 3).</summary>
internal static class AddressKey
{
    /// <summary>Gives back the octets written.</summary>
    public static int Write(KeyKind kind, EnvelopeView envelope, Span<byte> into)
    {
        envelope.TryGet(
            kind switch
            {
                KeyKind.Cc => EnvelopeFields.Cc,
                KeyKind.To or KeyKind.DisplayTo => EnvelopeFields.To,
                _ => EnvelopeFields.From,
            },
            out var list);
        foreach (var first in new AddressListView(list))
        {
            return Write(first, kind is KeyKind.DisplayFrom or KeyKind.DisplayTo, into);
        }

        return 0;
    }

    private static int Write(in AddressEntryView address, bool isDisplayed, Span<byte> into)
    {
        if (!isDisplayed)
        {
            return TextKey.Write(address.Mailbox, into);
        }

        // A group's name stands alone.
        return !address.Name.IsEmpty ? TextKey.Write(address.Name, into)
            : address.Host.IsEmpty ? TextKey.Write(address.Mailbox, into)
            : TextKey.Write([.. address.Mailbox, (byte)'@', .. address.Host], into);
    }
}
