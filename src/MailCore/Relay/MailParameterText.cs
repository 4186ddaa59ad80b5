using System.Globalization;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Relay;

/// <summary>The MAIL and RCPT commands: what the envelope calls for, as far as the server knows it.</summary>
internal static class MailParameterText
{
    /// <summary>RFC 3461 4.4: characters of an ENVID as encoded.</summary>
    private const int MaxEnvelopeId = 100;

    /// <summary>RFC 3461 4.2: characters of an ORCPT as encoded.</summary>
    private const int MaxOriginal = 500;

    public static string Mail(RelayMessage message, TransferPlan plan, SmtpFeatures features, DateTimeOffset now)
    {
        var envelope = message.Envelope;
        var command = new StringBuilder("MAIL FROM:<").Append(plan.From).Append('>');
        if (features.Has("SIZE"))
        {
            command.Append(CultureInfo.InvariantCulture, $" SIZE={plan.Size ?? plan.Content.Length}");
        }

        command.Append(plan.Body switch
        {
            BodyType.BinaryMime => " BODY=BINARYMIME",
            BodyType.EightBitMime => " BODY=8BITMIME",
            _ => "",
        });
        command.Append(plan.NeedsSmtpUtf8 ? " SMTPUTF8" : "");
        command.Append(envelope.RequireTls && features.Has("REQUIRETLS") ? " REQUIRETLS" : "");
        if (features.Has("DSN"))
        {
            command.Append(envelope.Return switch { ReportContent.Full => " RET=FULL", ReportContent.Headers => " RET=HDRS", _ => "" });
            if (envelope.EnvelopeId is { } id && XText.Encode(id) is { Length: <= MaxEnvelopeId } encoded)
            {
                command.Append(" ENVID=").Append(encoded);
            }
        }

        if (envelope.DeliverBy is { } by && features.Has("DELIVERBY"))
        {
            var mode = by.Action == DeadlineAction.Return ? 'R' : 'N';
            command.Append(CultureInfo.InvariantCulture, $" BY={SecondsLeft(by, now)};{mode}{(by.IsTraced ? "T" : "")}");
        }

        if (envelope.Priority != 0 && features.Has("MT-PRIORITY"))
        {
            command.Append(CultureInfo.InvariantCulture, $" MT-PRIORITY={envelope.Priority}");
        }

        return command.ToString();
    }

    public static string Recipient(Recipient recipient, EmailAddress address, Envelope envelope, SmtpFeatures features)
    {
        var command = new StringBuilder("RCPT TO:<").Append(address).Append('>');
        if (!features.Has("DSN"))
        {
            return command.ToString();
        }

        // RFC 3461 6.1: what has no sender makes no notifications.
        var notify = envelope.From.IsNull && recipient.Notify == ReportEvents.Unspecified ? ReportEvents.Never : recipient.Notify;
        if (notify != ReportEvents.Unspecified)
        {
            var events = new[] { ReportEvents.Never, ReportEvents.Success, ReportEvents.Failure, ReportEvents.Delay }.Where(one => notify.HasFlag(one));
            command.Append(" NOTIFY=").AppendJoin(',', events.Select(static one => one.ToString().ToUpperInvariant()));
        }

        if (recipient.Original is { } original)
        {
            var isUtf8 = original.AddressType.Equals("utf-8", StringComparison.OrdinalIgnoreCase);
            var encoded = isUtf8 ? XText.EncodeUnicode(original.Address) : XText.Encode(original.Address);
            if (original.AddressType.Length + 1 + encoded.Length <= MaxOriginal)
            {
                command.Append(" ORCPT=").Append(original.AddressType).Append(';').Append(encoded);
            }
        }

        return command.ToString();
    }

    /// <summary>Of at most nine digits, RFC 2852 4.</summary>
    public static long SecondsLeft(DeliverBy by, DateTimeOffset now) => Math.Clamp((long)Math.Ceiling((by.Deadline - now).TotalSeconds), -999_999_999, 999_999_999);
}
