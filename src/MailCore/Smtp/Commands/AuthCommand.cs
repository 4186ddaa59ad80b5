using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>AUTH (RFC 4954): the base64, the cancelling and the limits around a SASL exchange.</summary>
internal static class AuthCommand
{
    private const int MaxMechanism = 20;

    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (!session.Options.OfferAuthentication)
        {
            return SmtpReplies.NotOffered;
        }

        if (session.Identity is not null)
        {
            return SmtpReplies.AlreadyAuthenticated;
        }

        if (!session.Services.Tls.Policy.AllowsAuthentication(session.IsSecured))
        {
            return SmtpReplies.LoginNeedsTls;
        }

        if (!TryParse(argument.Span, out var mechanism, out var initial))
        {
            return SmtpReplies.BadArgument;
        }

        var exchange = session.Services.Login!.Start(mechanism, session.Authentication);
        return exchange is null ? SmtpReplies.NoMechanism : await RunAsync(session, exchange, initial is { } start ? argument[start..] : default(ReadOnlyMemory<byte>?)).ConfigureAwait(false);
    }

    private static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ISaslExchange exchange, ReadOnlyMemory<byte>? initial)
    {
        var longest = session.Options.MaxAuthenticationLine;
        var rule = new LineRule(longest, longest, session.Options.CommandTimeout, IsCommand: false);
        byte[]? response = null;
        // RFC 4954 4: "=" is an initial response of no octets.
        if (initial is { } encoded && !TryDecode(encoded.Span is [(byte)'='] ? default : encoded.Span, out response))
        {
            return SmtpReplies.BadBase64;
        }

        while (true)
        {
            var step = await exchange.StepAsync(response, session.Connection.Closed).ConfigureAwait(false);
            CryptographicOperations.ZeroMemory(response);
            if (step is SaslStep.Done done)
            {
                return Finish(session, done.Result);
            }

            if (step is not SaslStep.Challenge challenge)
            {
                return SmtpReplies.MalformedLogin;
            }

            session.Channel.Write($"334 {Convert.ToBase64String(challenge.Data.Span)}\r\n");
            var line = await session.Channel.ReadLineAsync(rule).ConfigureAwait(false);
            session.Transcript?.Secret();
            if (line.Kind != LineKind.Line)
            {
                return line.Kind == LineKind.TooLong ? SmtpReplies.AuthLineTooLong : session.Answer(line.Kind);
            }

            if (line.Octets.Span is [(byte)'*'])
            {
                return SmtpReplies.LoginCancelled;
            }

            if (!TryDecode(line.Octets.Span, out response))
            {
                return SmtpReplies.BadBase64;
            }
        }
    }

    private static SmtpReply Finish(SmtpSession session, AuthenticationResult result)
    {
        switch (result)
        {
            case AuthenticationResult.Ok ok:
                session.Authenticate(ok.Identity);
                return SmtpReplies.Authenticated;
            case AuthenticationResult.TryLater:
                return SmtpReplies.LoginUnavailable;
            default:
                session.IsOver = ++session.FailedLogins >= session.Options.MaxAuthenticationFailures;
                return session.IsOver ? SmtpReplies.TooManyFailures : SmtpReplies.BadCredentials;
        }
    }

    /// <summary>The mechanism's name, and where in the argument an initial response begins.</summary>
    private static bool TryParse(ReadOnlySpan<byte> argument, out string mechanism, out int? initial)
    {
        var space = argument.IndexOf((byte)' ');
        var name = space < 0 ? argument : argument[..space];
        initial = space < 0 ? null : space + 1;
        mechanism = name.Length <= MaxMechanism ? Encoding.ASCII.GetString(name) : "";
        return mechanism.Length > 0 && mechanism.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
    }

    private static bool TryDecode(ReadOnlySpan<byte> encoded, out byte[]? octets)
    {
        octets = null;
        // The framework's decoder passes over white space; SASL does not.
        if (encoded.ContainsAny(" \t\r\n"u8))
        {
            return false;
        }

        var decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(encoded.Length)];
        if (Base64.DecodeFromUtf8(encoded, decoded, out _, out var count) != OperationStatus.Done)
        {
            return false;
        }

        octets = decoded[..count];
        CryptographicOperations.ZeroMemory(decoded);
        return true;
    }
}
