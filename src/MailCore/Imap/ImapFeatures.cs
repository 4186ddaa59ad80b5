namespace MailCore.Imap;

/// <summary>What a client has turned on for its connection: with ENABLE (RFC 5161), or by using it (RFC 7162 3.1).</summary>
[Flags]
internal enum ImapFeatures
{
    None = 0,

    /// <summary>FETCH responses carry MODSEQ.</summary>
    CondStore = 1,

    /// <summary>VANISHED stands for EXPUNGE.</summary>
    QResync = 2,

    /// <summary>Mailbox names are UTF-8, and messages with UTF-8 headers may be appended (RFC 6855).</summary>
    Utf8 = 4,

    /// <summary>Everything is as in RFC 9051: no \Recent, ESEARCH for SEARCH, names in UTF-8.</summary>
    Rev2 = 8,

    /// <summary>Messages are spoken of by UID alone (RFC 9586).</summary>
    UidOnly = 16,
}
