using System.Globalization;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>How one message goes to one server, given what it is and what the server offers; or why it can't.</summary>
internal sealed record TransferPlan
{
    private static readonly SmtpReply NoSmtpUtf8 = new(553, "5.6.7", "The server does not take internationalized mail");
    private static readonly SmtpReply NoBinary = new(554, "5.6.3", "The message holds binary data that the server can't take");
    private static readonly SmtpReply NoEightBit = new(554, "5.6.3", "The message holds 8-bit data that the server can't take");
    private static readonly SmtpReply NoRequireTls = new(550, "5.7.30", "REQUIRETLS support required, and the server does not offer it");
    private static readonly SmtpReply TooLate = new(554, "5.4.7", "The time within which to deliver the message is over, or too short for the server");
    private static readonly SmtpReply NoDeliverBy = new(554, "5.3.3", "The server does not keep times of delivery, which the message asks for");

    public required ReversePath From { get; init; }

    /// <summary>The recipients as they are told to the server; null for one that it could not take.</summary>
    public required IReadOnlyList<EmailAddress?> Recipients { get; init; }

    public required MessageContent Content { get; init; }

    /// <summary>What is declared, where the server knows it.</summary>
    public BodyType Body { get; init; }

    public bool NeedsSmtpUtf8 { get; init; }

    /// <summary>BDAT instead of DATA.</summary>
    public bool UsesChunking { get; init; }

    /// <summary>The server takes ASCII only, and the message has more: it is converted on its way.</summary>
    public bool NeedsSevenBit { get; init; }

    /// <summary>Octets that it has then.</summary>
    public long? Size { get; init; }

    /// <summary>What holds for every recipient.</summary>
    public SmtpReply? Refusal { get; init; }

    public static SmtpReply UnreachableAddress => NoSmtpUtf8;

    /// <summary>The plan with the size of the converted message, or refused where it can't be converted.</summary>
    public async ValueTask<TransferPlan> MeasureAsync(CancellationToken cancellationToken)
    {
        if (!NeedsSevenBit || Refusal is not null)
        {
            return this;
        }

        var size = await SevenBitEncoder.MeasureAsync(Content, cancellationToken).ConfigureAwait(false);
        return this with { Size = size, Refusal = size is null ? NoEightBit : null };
    }

    public static TransferPlan Make(RelayMessage message, ContentTraits traits, SmtpFeatures features, bool prefersChunking, DateTimeOffset now)
    {
        var envelope = message.Envelope;
        var knowsUtf8 = features.Has("SMTPUTF8");
        var from = knowsUtf8 || envelope.From.Address is not { } sender ? envelope.From.Address : ToAscii(sender);
        var isText = envelope.Body != BodyType.BinaryMime || (traits.HasCleanLines && !traits.HasNul);
        var needsUtf8Header = envelope.SmtpUtf8 && traits.HasEightBitHeader;
        var needsSevenBit = isText && traits.IsEightBit && !features.Has("8BITMIME") && !knowsUtf8;
        return new TransferPlan
        {
            From = new ReversePath(from),
            Recipients = [.. envelope.Recipients.Select(one => knowsUtf8 ? one.Address : ToAscii(one.Address))],
            Content = message.Content,
            Body = !isText ? BodyType.BinaryMime : traits.IsEightBit && features.Has("8BITMIME") ? BodyType.EightBitMime : BodyType.SevenBit,
            NeedsSmtpUtf8 = knowsUtf8 && (envelope.SmtpUtf8 || IsInternationalized(envelope)),
            NeedsSevenBit = needsSevenBit,
            UsesChunking = features.Has("CHUNKING") && !needsSevenBit && (!isText || (prefersChunking && traits.HasCleanLines)),
            Refusal = !knowsUtf8 && (needsUtf8Header || (from is null && !envelope.From.IsNull)) ? NoSmtpUtf8
                : !isText && !(features.Has("BINARYMIME") && features.Has("CHUNKING")) ? NoBinary
                : features.MaxSize < message.Content.Length ? TooLarge(message.Content.Length, features.MaxSize.Value)
                : envelope.RequireTls && !features.Has("REQUIRETLS") ? NoRequireTls
                : envelope.DeliverBy is { Action: DeadlineAction.Return } by ? CheckDeadline(by, features, now)
                : null,
        };
    }

    /// <summary>RFC 2852 4.1.3 and 4.1.4: who wants it back in time does not want it to go where nobody looks at the clock.</summary>
    private static SmtpReply? CheckDeadline(DeliverBy by, SmtpFeatures features, DateTimeOffset now)
    {
        var left = MailParameterText.SecondsLeft(by, now);
        return left <= 0 ? TooLate : !features.Has("DELIVERBY") ? NoDeliverBy : left < features.MinDeliverBy ? TooLate : null;
    }

    /// <summary>A domain has a form in ASCII (RFC 5891); a local part has none.</summary>
    private static EmailAddress? ToAscii(EmailAddress address)
    {
        if (!address.IsInternationalized)
        {
            return address;
        }

        try
        {
            return System.Text.Ascii.IsValid(address.LocalPart) ? address.WithDomain(new IdnMapping().GetAscii(address.Domain)) : null;
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            return null;
        }
    }

    private static bool IsInternationalized(Envelope envelope) =>
        envelope.From.Address is { IsInternationalized: true } || envelope.Recipients.Exists(static one => one.Address.IsInternationalized);

    private static SmtpReply TooLarge(long size, long limit) =>
        new(552, "5.3.4", string.Create(CultureInfo.InvariantCulture, $"The message has {size} octets, and the server takes {limit}"));
}
