namespace MailCore.Messaging;

/// <summary>What MAIL and RCPT said; kept apart from the message's own headers.</summary>
public sealed class Envelope
{
    /// <summary>Starts an envelope.</summary>
    public Envelope(ReversePath from) => From = from;

    /// <summary>The sender.</summary>
    public ReversePath From { get; }

    /// <summary>Accepted recipients, in the order they were given.</summary>
    public List<Recipient> Recipients { get; } = [];

    /// <summary>BODY= of RFC 6152 and RFC 3030.</summary>
    public BodyType Body { get; init; }

    /// <summary>SMTPUTF8 was given (RFC 6531).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>SIZE= in octets (RFC 1870), or null.</summary>
    public long? DeclaredSize { get; init; }

    /// <summary>AUTH= of RFC 4954 5 as given, decoded from xtext; never trusted by itself.</summary>
    public string? AuthParameter { get; init; }

    /// <summary>The same sender and parameters, for a part of the recipients.</summary>
    public Envelope WithoutRecipients() => new(From)
    {
        Body = Body,
        SmtpUtf8 = SmtpUtf8,
        DeclaredSize = DeclaredSize,
        AuthParameter = AuthParameter,
    };
}

/// <summary>One RCPT.</summary>
public sealed class Recipient
{
    /// <summary>Makes a recipient.</summary>
    public Recipient(EmailAddress address) => Address = address;

    /// <summary>As the client gave it.</summary>
    public EmailAddress Address { get; }

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();
}

/// <summary>The kinds of content a client may declare.</summary>
public enum BodyType
{
    /// <summary>Nothing declared, or 7BIT.</summary>
    SevenBit,

    /// <summary>8BITMIME</summary>
    EightBitMime,

    /// <summary>BINARYMIME</summary>
    BinaryMime,
}
