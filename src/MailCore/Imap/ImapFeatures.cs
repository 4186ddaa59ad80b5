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
}
