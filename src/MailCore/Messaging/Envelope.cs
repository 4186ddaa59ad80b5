using System.Collections.Frozen;

namespace MailCore.Messaging;

/// <summary>What MAIL and RCPT said; kept apart from the message's own headers.</summary>
public sealed class Envelope
{
    // Most envelopes wish for nothing.
    private Wishes _wishes = Wishes.None;

    /// <summary>Starts an envelope.</summary>
    public Envelope(ReversePath from) => From = from;

    /// <summary>The sender.</summary>
    public ReversePath From { get; }

    /// <summary>Accepted recipients, in the order they were given.</summary>
    public List<Recipient> Recipients { get; } = new(1);

    /// <summary>BODY= of RFC 6152 and RFC 3030.</summary>
    public BodyType Body { get; init; }

    /// <summary>SMTPUTF8 was given (RFC 6531).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>SIZE= in octets (RFC 1870), or null.</summary>
    public long? DeclaredSize { get; init; }

    /// <summary>AUTH= of RFC 4954 5 as given, decoded from xtext; never trusted by itself.</summary>
    public string? AuthParameter
    {
        get => _wishes.AuthParameter;
        init => _wishes = _wishes with { AuthParameter = value };
    }

    /// <summary>RET= of RFC 3461 4.3: how much of the message a report of its failure shall hold.</summary>
    public ReportContent Return
    {
        get => _wishes.Return;
        init => _wishes = _wishes with { Return = value };
    }

    /// <summary>ENVID= of RFC 3461 4.4, decoded; at most 100 characters.</summary>
    public string? EnvelopeId
    {
        get => _wishes.EnvelopeId;
        init => _wishes = _wishes with { EnvelopeId = value };
    }

    /// <summary>REQUIRETLS was given (RFC 8689): the message may travel on only over verified TLS, to servers that say the same.</summary>
    public bool RequireTls
    {
        get => _wishes.RequireTls;
        init => _wishes = _wishes with { RequireTls = value };
    }

    /// <summary>HOLDFOR= or HOLDUNTIL= (RFC 4865): delivery shall not begin before. Null for at once.</summary>
    public DateTimeOffset? HoldUntil
    {
        get => _wishes.HoldUntil;
        init => _wishes = _wishes with { HoldUntil = value };
    }

    /// <summary>BY= (RFC 2852), or null.</summary>
    public DeliverBy? DeliverBy
    {
        get => _wishes.DeliverBy;
        init => _wishes = _wishes with { DeliverBy = value };
    }

    /// <summary>MT-PRIORITY= (RFC 6710), -9 to 9; 0 without it.</summary>
    public int Priority
    {
        get => _wishes.Priority;
        init => _wishes = _wishes with { Priority = value };
    }

    /// <summary>Parameters of the host's own keywords, by name in capitals; null values had none.</summary>
    public IReadOnlyDictionary<string, string?> Parameters
    {
        get => _wishes.Parameters;
        init => _wishes = _wishes with { Parameters = value };
    }

    /// <summary>The same sender and parameters, for a part of the recipients.</summary>
    public Envelope WithoutRecipients() => new(From)
    {
        Body = Body,
        SmtpUtf8 = SmtpUtf8,
        DeclaredSize = DeclaredSize,
        _wishes = _wishes,
    };

    /// <summary>The same parameters from another sender, without recipients.</summary>
    internal Envelope WithSender(ReversePath from) => new(from)
    {
        Body = Body,
        SmtpUtf8 = SmtpUtf8 || from.Address is { IsInternationalized: true },
        DeclaredSize = DeclaredSize,
        _wishes = _wishes,
    };

    /// <summary>What few senders say.</summary>
    internal sealed record Wishes
    {
        public static Wishes None { get; } = new();

        public string? AuthParameter { get; init; }

        public ReportContent Return { get; init; }

        public string? EnvelopeId { get; init; }

        public bool RequireTls { get; init; }

        public DateTimeOffset? HoldUntil { get; init; }

        public DeliverBy? DeliverBy { get; init; }

        public int Priority { get; init; }

        public IReadOnlyDictionary<string, string?> Parameters { get; init; } = Recipient.NoParameters;
    }

    internal Envelope(ReversePath from, Wishes? wishes)
        : this(from) => _wishes = wishes ?? Wishes.None;
}

/// <summary>One RCPT.</summary>
public sealed class Recipient
{
    /// <summary>Makes a recipient.</summary>
    public Recipient(EmailAddress address) => Address = address;

    internal static readonly IReadOnlyDictionary<string, string?> NoParameters = FrozenDictionary<string, string?>.Empty;

    /// <summary>As the client gave it.</summary>
    public EmailAddress Address { get; }

    /// <summary>NOTIFY= of RFC 3461 4.1.</summary>
    public ReportEvents Notify { get; init; }

    /// <summary>ORCPT= of RFC 3461 4.2, or null.</summary>
    public OriginalRecipient? Original { get; init; }

    /// <inheritdoc cref="Envelope.Parameters"/>
    public IReadOnlyDictionary<string, string?> Parameters { get; init; } = NoParameters;

    /// <summary>The same wishes for another address, such as the one that an alias leads to.</summary>
    public Recipient At(EmailAddress address) => new(address) { Notify = Notify, Original = Original, Parameters = Parameters };

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
