namespace MailCore.Smtp;

/// <summary>A role of the SMTP engine: the defaults that an endpoint starts from. Immutable.</summary>
public sealed record SmtpDialect
{
    private SmtpDialect(string name) => Name = name;

    /// <summary>Mail from other servers for our users (RFC 5321, port 25): no AUTH, strangers welcome, bare LF repaired.</summary>
    public static SmtpDialect Transfer { get; } = new("smtp")
    {
        BareLineFeed = BareLineFeedRule.Rewrite,
    };

    /// <summary>Mail from our own users for anywhere (RFC 6409, ports 587 and 465): AUTH before MAIL, own sender addresses only, missing headers added.</summary>
    public static SmtpDialect Submission { get; } = new("submission")
    {
        OfferAuthentication = true,
        RequireAuthentication = true,
        RequireOwnedSender = true,
        CompleteMessages = true,
        MayQueue = true,
    };

    /// <summary>Mail from a server that has accepted it already (RFC 2033): LHLO, and one reply per recipient.</summary>
    public static SmtpDialect Lmtp { get; } = new("lmtp") { IsLmtp = true };

    /// <summary>For logs and metrics.</summary>
    public string Name { get; }

    /// <summary>LHLO instead of EHLO and HELO, and a reply for each recipient after the message.</summary>
    public bool IsLmtp { get; private init; }

    internal bool OfferAuthentication { get; private init; }

    internal bool RequireAuthentication { get; private init; }

    internal bool RequireOwnedSender { get; private init; }

    internal bool CompleteMessages { get; private init; }

    /// <summary>Takes wishes about when a message is sent on.</summary>
    internal bool MayQueue { get; private init; }

    internal BareLineFeedRule BareLineFeed { get; private init; }
}

/// <summary>What happens to a message with a line that ends in LF alone. It never ends DATA.</summary>
public enum BareLineFeedRule
{
    /// <summary>The message is refused with 554 5.6.0.</summary>
    Refuse,

    /// <summary>The LF becomes CRLF before anything is counted, hashed or stored.</summary>
    Rewrite,
}
