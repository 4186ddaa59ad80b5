using MailCore.Imap.Extensions;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>What a session may be told that this server can do. docs/imap.md is the table; each name has scripts.</summary>
internal static class ImapCapabilities
{
    /// <summary>"CAPABILITY" and the names that hold in the session's state.</summary>
    public static void Write(ImapWriter writer, ImapSession session)
    {
        WriteOwn(writer, session);
        foreach (var extension in session.Services.Extensions)
        {
            // What needs a mailbox is announced before one is selected.
            if (extension.Capability is { } name && (session.IsLoggedIn || extension.State == ImapExtensionState.Any))
            {
                writer.Raw(" "u8).Raw(name);
            }
        }
    }

    private static void WriteOfStore(ImapWriter writer, ImapSession session)
    {
        var traits = session.Services.Accounts.Traits;
        writer.Raw(traits.HasFlag(StoreTraits.Copy) ? " MOVE"u8 : ""u8);
        writer.Raw(traits.HasFlag(StoreTraits.Mailboxes) ? " CREATE-SPECIAL-USE"u8 : ""u8);
        writer.Raw(session.Services.HasAcl ? " ACL RIGHTS=texk LIST-MYRIGHTS"u8 : ""u8);
        writer.Raw(traits.HasFlag(StoreTraits.Metadata) ? " FILTERS"u8 : ""u8);
        writer.Raw(session.Services.Accounts.HasTextIndex ? " SEARCH=FUZZY"u8 : ""u8);
        writer.Raw(traits.HasFlag(StoreTraits.Append | StoreTraits.Expunge) ? " REPLACE"u8 : ""u8);
        if (traits.HasFlag(StoreTraits.Quota))
        {
            writer.Raw(" QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"u8);
            writer.Raw(session.Services.Authorization.MaySetQuota(session.Identity!, session.Account.Id) ? " QUOTASET"u8 : ""u8);
        }

        writer.Raw(traits.HasFlag(StoreTraits.Metadata) ? " METADATA METADATA-SERVER LIST-METADATA"u8 : " METADATA-SERVER"u8);
        if (traits.HasFlag(StoreTraits.Append))
        {
            writer.Raw(" MULTIAPPEND CATENATE URL-PARTIAL APPENDLIMIT="u8).Number(session.Options.AppendLimit);
        }
    }

    // RFC 9738 3: one or the other.
    private static void WriteLimits(ImapWriter writer, ImapSession session)
    {
        if (session.SaveLimit.Most is { } most)
        {
            writer.Raw(session.MessageLimit.Most is null ? " SAVELIMIT="u8 : " MESSAGELIMIT="u8).Number(most);
        }
    }

    private static void WriteOwn(ImapWriter writer, ImapSession session)
    {
        writer.Raw("CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE LANGUAGE"u8);
        if (session.IsLoggedIn)
        {
            // RFC 7888 6: LITERAL+ and LITERAL- exclude each other.
            writer.Raw(" LITERAL+ IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN SPECIAL-USE"u8);
            writer.Raw(" CONDSTORE QRESYNC ESEARCH SEARCHRES UTF8=ACCEPT"u8);
            writer.Raw(session.IsCompressed ? ""u8 : " COMPRESS=DEFLATE"u8);
            writer.Raw(" BINARY NOTIFY UNAUTHENTICATE LIST-EXTENDED LIST-STATUS STATUS=SIZE OBJECTID SAVEDATE"u8);
            writer.Raw(" SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS PREVIEW UIDONLY I18NLEVEL=1"u8);
            writer.Raw(" WITHIN PARTIAL CONTEXT=SEARCH MULTISEARCH UIDBATCHES"u8);
            writer.Raw(session.Options.ProgressInterval >= TimeSpan.Zero ? " INPROGRESS"u8 : ""u8);
            WriteLimits(writer, session);
            WriteOfStore(writer, session);
            return;
        }

        writer.Raw(" LITERAL-"u8);
        var policy = session.Services.Tls.Policy;
        if (!session.IsCompressed && policy.OffersStartTls(session.IsSecured))
        {
            writer.Raw(" STARTTLS"u8);
        }

        var offer = session.Offer;
        if (!offer.TakesPasswords)
        {
            writer.Raw(" LOGINDISABLED"u8);
        }

        foreach (var mechanism in offer.Encoded)
        {
            writer.Raw(" AUTH="u8).Raw(mechanism.Span);
        }
    }
}
