using System.Buffers;
using System.Globalization;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>The parameters of one RCPT command, as they come. Each is known only where its keyword is announced.</summary>
internal struct RcptParameters(SmtpSession session)
{
    // RFC 3461 4.2.
    private const int MaxOriginal = 500;

    private static readonly SearchValues<byte> TypeOctets = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);

    private ReportEvents _notify;
    private OriginalRecipient? _original;
    private Dictionary<string, string?>? _others;

    public SmtpReply? Take(in EsmtpParameters parameter)
    {
        if (session.Hello == HelloKind.Helo)
        {
            return SmtpReplies.UnknownParameter;
        }

        var isDsn = (session.Offered & SmtpExtensions.Dsn) != 0;
        return isDsn && Ascii.EqualsIgnoreCase(parameter.Keyword, "ORCPT"u8) ? TakeOriginal(parameter.Value)
            : !parameter.IsAscii ? SmtpReplies.BadParameterValue
            : isDsn && Ascii.EqualsIgnoreCase(parameter.Keyword, "NOTIFY"u8) ? TakeNotify(parameter.Value)
            : HostParameter.Take(session.Options.Keywords, static keyword => keyword.RecipientParameters, in parameter, ref _others);
    }

    public readonly Recipient ToRecipient(EmailAddress address) => new(address)
    {
        Notify = _notify,
        Original = _original,
        Parameters = _others ?? Recipient.NoParameters,
    };

    /// <summary>RFC 3461 4.1: NEVER alone, or a list of the others.</summary>
    private SmtpReply? TakeNotify(ReadOnlySpan<byte> value)
    {
        if (_notify != ReportEvents.Unspecified)
        {
            return SmtpReplies.RepeatedParameter;
        }

        foreach (var range in value.Split((byte)','))
        {
            var word = value[range];
            var given = Ascii.EqualsIgnoreCase(word, "NEVER"u8) ? ReportEvents.Never
                : Ascii.EqualsIgnoreCase(word, "SUCCESS"u8) ? ReportEvents.Success
                : Ascii.EqualsIgnoreCase(word, "FAILURE"u8) ? ReportEvents.Failure
                : Ascii.EqualsIgnoreCase(word, "DELAY"u8) ? ReportEvents.Delay
                : ReportEvents.Unspecified;
            if (given == ReportEvents.Unspecified || (_notify & given) != 0)
            {
                return SmtpReplies.BadParameterValue;
            }

            _notify |= given;
        }

        return _notify is > ReportEvents.Never && (_notify & ReportEvents.Never) != 0 ? SmtpReplies.BadParameterValue : null;
    }

    /// <summary>RFC 3461 4.2, RFC 6533 3: a type, ";", and the address in xtext; one of type utf-8 may hold \x{HEX} and, with SMTPUTF8, UTF-8.</summary>
    private SmtpReply? TakeOriginal(ReadOnlySpan<byte> value)
    {
        if (_original is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        var semicolon = value.IndexOf((byte)';');
        if (value.Length > MaxOriginal || semicolon <= 0)
        {
            return SmtpReplies.BadParameterValue;
        }

        var type = value[..semicolon];
        var address = value[(semicolon + 1)..];
        if (!type.ContainsAnyExcept(TypeOctets) && TryAddress(Ascii.EqualsIgnoreCase(type, "utf-8"u8), address, out var text))
        {
            _original = new OriginalRecipient(Encoding.ASCII.GetString(type), text);
            return null;
        }

        return SmtpReplies.BadParameterValue;
    }

    private readonly bool TryAddress(bool isUtf8, ReadOnlySpan<byte> encoded, out string text)
    {
        text = "";
        if (encoded.IsEmpty || !isUtf8)
        {
            return !encoded.IsEmpty && XText.TryDecode(encoded, out text);
        }

        if (!System.Text.Unicode.Utf8.IsValid(encoded) || (!Ascii.IsValid(encoded) && !session.Transaction!.Envelope.SmtpUtf8))
        {
            return false;
        }

        var decoded = new StringBuilder();
        for (var rest = Encoding.UTF8.GetString(encoded).AsSpan(); !rest.IsEmpty;)
        {
            if (rest[0] != '\\')
            {
                decoded.Append(rest[0]);
                rest = rest[1..];
                continue;
            }

            var end = rest.IndexOf('}');
            if (!rest.StartsWith("\\x{") || end is < 5 or > 9
                || !int.TryParse(rest[3..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || !Rune.IsValid(point))
            {
                return false;
            }

            decoded.Append(new Rune(point).ToString());
            rest = rest[(end + 1)..];
        }

        text = decoded.ToString();
        return !text.Any(char.IsControl);
    }
}
