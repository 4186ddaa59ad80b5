using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>The parameters of one MAIL command, as they come. Each is known only where its keyword is announced.</summary>
internal struct MailParameters(SmtpSession session)
{
    // RFC 3461 4.4.
    private const int MaxEnvelopeId = 100;

    private long? _size;
    private BodyType? _body;
    private string? _auth;
    private ReportContent _return;
    private string? _envelopeId;
    private TimeSpan? _hold;
    private DeliverBy? _deliverBy;
    private int? _priority;
    private bool _requireTls;
    private Dictionary<string, string?>? _others;
    private bool _isPlain = true;

    public bool SmtpUtf8 { get; private set; }

    public readonly long? Size => _size;

    public SmtpReply? Take(in EsmtpParameters parameter)
    {
        // RFC 5321 4.1.1.1: nothing was announced to a client that said HELO.
        if (session.Hello == HelloKind.Helo)
        {
            return SmtpReplies.UnknownParameter;
        }

        if (!parameter.IsAscii)
        {
            return SmtpReplies.BadParameterValue;
        }

        var extension = Find(parameter.Keyword);
        _isPlain &= extension is SmtpExtensions.Size or SmtpExtensions.EightBitMime or SmtpExtensions.SmtpUtf8;
        return extension switch
        {
            SmtpExtensions.Size => TakeSize(parameter.Value),
            SmtpExtensions.EightBitMime => TakeBody(parameter.Value),
            SmtpExtensions.SmtpUtf8 when SmtpUtf8 => SmtpReplies.RepeatedParameter,
            SmtpExtensions.SmtpUtf8 => TakeFlag(in parameter, SmtpUtf8 = true),
            SmtpExtensions.RequireTls when _requireTls => SmtpReplies.RepeatedParameter,
            SmtpExtensions.RequireTls => TakeFlag(in parameter, _requireTls = true),
            SmtpExtensions.Auth => TakeAuth(parameter.Value),
            SmtpExtensions.Dsn when Ascii.EqualsIgnoreCase(parameter.Keyword, "RET"u8) => TakeReturn(parameter.Value),
            SmtpExtensions.Dsn => TakeEnvelopeId(parameter.Value),
            SmtpExtensions.FutureRelease when Ascii.EqualsIgnoreCase(parameter.Keyword, "HOLDFOR"u8) => TakeHoldFor(parameter.Value),
            SmtpExtensions.FutureRelease => TakeHoldUntil(parameter.Value),
            SmtpExtensions.DeliverBy => TakeDeliverBy(parameter.Value),
            SmtpExtensions.Priority => TakePriority(parameter.Value),
            _ => HostParameter.Take(session.Options.Keywords, static keyword => keyword.MailParameters, in parameter, ref _others),
        };
    }

    public readonly Envelope ToEnvelope(ReversePath from) => new(from, _isPlain ? null : Wishes())
    {
        Body = _body ?? BodyType.SevenBit,
        SmtpUtf8 = SmtpUtf8,
        DeclaredSize = _size,
    };

    private readonly Envelope.Wishes Wishes() => new()
    {
        AuthParameter = _auth,
        Return = _return,
        EnvelopeId = _envelopeId,
        RequireTls = _requireTls,
        HoldUntil = _hold is { } hold ? session.Services.Time.GetUtcNow() + hold : null,
        DeliverBy = _deliverBy,
        Priority = _priority ?? 0,
        Parameters = _others ?? Recipient.NoParameters,
    };

    /// <summary>The extension that a keyword belongs to, if it is offered now.</summary>
    private readonly SmtpExtensions Find(ReadOnlySpan<byte> keyword)
    {
        var extension = Ascii.EqualsIgnoreCase(keyword, "SIZE"u8) ? SmtpExtensions.Size
            : Ascii.EqualsIgnoreCase(keyword, "BODY"u8) ? SmtpExtensions.EightBitMime
            : Ascii.EqualsIgnoreCase(keyword, "SMTPUTF8"u8) ? SmtpExtensions.SmtpUtf8
            : Ascii.EqualsIgnoreCase(keyword, "AUTH"u8) ? SmtpExtensions.Auth
            : Ascii.EqualsIgnoreCase(keyword, "RET"u8) || Ascii.EqualsIgnoreCase(keyword, "ENVID"u8) ? SmtpExtensions.Dsn
            : Ascii.EqualsIgnoreCase(keyword, "REQUIRETLS"u8) ? SmtpExtensions.RequireTls
            : Ascii.EqualsIgnoreCase(keyword, "HOLDFOR"u8) || Ascii.EqualsIgnoreCase(keyword, "HOLDUNTIL"u8) ? SmtpExtensions.FutureRelease
            : Ascii.EqualsIgnoreCase(keyword, "BY"u8) ? SmtpExtensions.DeliverBy
            : Ascii.EqualsIgnoreCase(keyword, "MT-PRIORITY"u8) ? SmtpExtensions.Priority
            : SmtpExtensions.None;
        // AUTH is no longer announced to whom has authenticated, and means most then (RFC 4954 5).
        var isOffered = extension == SmtpExtensions.Auth ? session.Options.OfferAuthentication : (session.Offered & extension) != 0;
        return isOffered ? extension : SmtpExtensions.None;
    }

    private static SmtpReply? TakeFlag(in EsmtpParameters parameter, bool isSet) => isSet && !parameter.HasValue ? null : SmtpReplies.BadParameterValue;

    private SmtpReply? TakeSize(ReadOnlySpan<byte> value)
    {
        if (_size is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        // RFC 1870 6: up to twenty digits, more than a long can tell.
        if (value.IsEmpty || value.Length > 20 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return SmtpReplies.BadParameterValue;
        }

        _size = Utf8Parser.TryParse(value, out long size, out var used) && used == value.Length ? size : long.MaxValue;
        return null;
    }

    private SmtpReply? TakeBody(ReadOnlySpan<byte> value)
    {
        if (_body is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        _body = Ascii.EqualsIgnoreCase(value, "7BIT"u8) ? BodyType.SevenBit
            : Ascii.EqualsIgnoreCase(value, "8BITMIME"u8) ? BodyType.EightBitMime
            : Ascii.EqualsIgnoreCase(value, "BINARYMIME"u8) && (session.Offered & SmtpExtensions.BinaryMime) != 0 ? BodyType.BinaryMime
            : null;
        return _body is null ? SmtpReplies.BadParameterValue : null;
    }

    /// <summary>RFC 4954 5: a mailbox or "&lt;&gt;", in xtext.</summary>
    private SmtpReply? TakeAuth(ReadOnlySpan<byte> value)
    {
        if (_auth is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        return !value.IsEmpty && XText.TryDecode(value, out _auth) && (_auth == "<>" || EmailAddress.TryParse(_auth, out _)) ? null : SmtpReplies.BadParameterValue;
    }

    private SmtpReply? TakeReturn(ReadOnlySpan<byte> value)
    {
        if (_return != ReportContent.Unspecified)
        {
            return SmtpReplies.RepeatedParameter;
        }

        _return = Ascii.EqualsIgnoreCase(value, "FULL"u8) ? ReportContent.Full
            : Ascii.EqualsIgnoreCase(value, "HDRS"u8) ? ReportContent.Headers
            : ReportContent.Unspecified;
        return _return == ReportContent.Unspecified ? SmtpReplies.BadParameterValue : null;
    }

    private SmtpReply? TakeEnvelopeId(ReadOnlySpan<byte> value)
    {
        if (_envelopeId is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        return value.Length is > 0 and <= MaxEnvelopeId && XText.TryDecode(value, out _envelopeId) ? null : SmtpReplies.BadParameterValue;
    }

    /// <summary>RFC 4865 4: seconds, one to nine digits.</summary>
    private SmtpReply? TakeHoldFor(ReadOnlySpan<byte> value)
    {
        if (_hold is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        return value.Length is > 0 and <= 9 && Utf8Parser.TryParse(value, out uint seconds, out var used) && used == value.Length
            ? Hold(TimeSpan.FromSeconds(seconds))
            : SmtpReplies.BadParameterValue;
    }

    /// <summary>RFC 4865 4: a date and time of RFC 3339; one that has passed asks for nothing.</summary>
    private SmtpReply? TakeHoldUntil(ReadOnlySpan<byte> value)
    {
        if (_hold is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        return value.Length is >= 20 and <= 40 && DateTimeOffset.TryParseExact(
            Encoding.ASCII.GetString(value), ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? Hold(date - session.Services.Time.GetUtcNow())
            : SmtpReplies.BadParameterValue;
    }

    private SmtpReply? Hold(TimeSpan span)
    {
        _hold = span > TimeSpan.Zero ? span : TimeSpan.Zero;
        return span > session.Options.MaxFutureRelease ? SmtpReplies.HeldTooLong : null;
    }

    /// <summary>RFC 2852 4: seconds, perhaps negative, then N or R, then perhaps T.</summary>
    private SmtpReply? TakeDeliverBy(ReadOnlySpan<byte> value)
    {
        if (_deliverBy is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        if (value.IsEmpty || value[0] == '+' || !Utf8Parser.TryParse(value, out int seconds, out var used) || used > (value[0] == '-' ? 10 : 9))
        {
            return SmtpReplies.BadParameterValue;
        }

        var mode = value[used..];
        var isReturn = Ascii.EqualsIgnoreCase(mode, ";R"u8) || Ascii.EqualsIgnoreCase(mode, ";RT"u8);
        var isNotify = Ascii.EqualsIgnoreCase(mode, ";N"u8) || Ascii.EqualsIgnoreCase(mode, ";NT"u8);
        if ((!isReturn && !isNotify) || (isReturn && seconds <= 0))
        {
            return SmtpReplies.BadParameterValue;
        }

        _deliverBy = new DeliverBy(
            session.Services.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds),
            isReturn ? DeadlineAction.Return : DeadlineAction.Notify,
            IsTraced: mode.Length == 3);
        return null;
    }

    private SmtpReply? TakePriority(ReadOnlySpan<byte> value)
    {
        if (_priority is not null)
        {
            return SmtpReplies.RepeatedParameter;
        }

        var digit = value is [(byte)'-', .. var rest] ? rest : value;
        if (digit is not [>= (byte)'0' and <= (byte)'9'])
        {
            return SmtpReplies.BadParameterValue;
        }

        _priority = (digit[0] - '0') * (digit.Length == value.Length ? 1 : -1);
        return null;
    }
}
