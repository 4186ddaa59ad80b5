namespace MailCore.Imap.Wire;

/// <summary>Limits that SETQUOTA names, in the units of RFC 9208 5; null for none.</summary>
internal readonly record struct QuotaLimits(long? Storage, long? Messages);

internal ref partial struct ImapReader
{
    /// <summary>A list of resources and limits, in parentheses; may be empty. A resource that is not known here is refused with NO.</summary>
    public QuotaLimits QuotaLimits()
    {
        var limits = default(QuotaLimits);
        OpenList();
        if (Failed || TryCloseList())
        {
            return limits;
        }

        do
        {
            var resource = Atom();
            Space();
            var limit = ModSeq().Value;
            if (Is(resource, "STORAGE"u8) && limit <= long.MaxValue / Mailboxes.QuotaResponse.StorageUnit)
            {
                limits = limits with { Storage = limit };
            }
            else if (Is(resource, "MESSAGE"u8))
            {
                limits = limits with { Messages = limit };
            }
            else
            {
                Refuse(ImapReply.No("There can't be such a limit", "CANNOT"));
            }
        }
        while (!Failed && NextElement());

        return limits;
    }
}
