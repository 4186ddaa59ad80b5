namespace MailCore.Smtp;

/// <summary>What EHLO can announce of the engine's own.</summary>
[Flags]
internal enum SmtpExtensions
{
    None = 0,
    Pipelining = 1 << 0,
    Size = 1 << 1,
    EightBitMime = 1 << 2,
    Chunking = 1 << 3,
    BinaryMime = 1 << 4,
    EnhancedStatusCodes = 1 << 5,
    Dsn = 1 << 6,
    RequireTls = 1 << 7,
    Limits = 1 << 8,
    FutureRelease = 1 << 9,
    DeliverBy = 1 << 10,
    Priority = 1 << 11,
    Expn = 1 << 12,
    XClient = 1 << 13,
    XForward = 1 << 14,
    SmtpUtf8 = 1 << 15,
    StartTls = 1 << 16,
    Auth = 1 << 17,
}
