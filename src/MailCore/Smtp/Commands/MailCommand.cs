using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;

namespace MailCore.Smtp.Commands;

/// <summary>MAIL FROM (RFC 5321 4.1.1.2) with SIZE, BODY, SMTPUTF8 and AUTH.</summary>
internal static class MailCommand
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        var refusal = Parse(session, argument.Span, out var envelope);
        if (refusal is not null)
        {
            return refusal;
        }

        if (session.Messages >= session.Options.MaxMessages)
        {
            session.IsOver = true;
            return SmtpReplies.TooManyMessages;
        }

        if (session.Options.RequireOwnedSender && session.Identity is { } identity && envelope!.From.Address is { } sender
            && await CheckOwnerAsync(session, identity.Account, sender).ConfigureAwait(false) is { } notTheirs)
        {
            return notTheirs;
        }

        session.BeginTransaction(envelope!);
        if (session.Filters is { } filters && await filters.MailFromAsync(session.Transaction!).ConfigureAwait(false) is { } filtered)
        {
            session.EndTransaction();
            return filtered;
        }

        return SmtpReplies.SenderOk;
    }

    private static async ValueTask<SmtpReply?> CheckOwnerAsync(SmtpSession session, AccountId account, EmailAddress sender)
    {
        try
        {
            return await session.Services.Directory!.OwnsAsync(account, sender, session.Connection.Closed).ConfigureAwait(false)
                ? null
                : SmtpReplies.NotTheirAddress;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, "-", "directory");
            return SmtpReplies.LocalError;
        }
    }

    private static SmtpReply? Parse(SmtpSession session, ReadOnlySpan<byte> argument, out Envelope? envelope)
    {
        envelope = null;
        var prefix = "FROM:"u8;
        if (argument.Length < prefix.Length || !Ascii.EqualsIgnoreCase(argument[..prefix.Length], prefix))
        {
            return SmtpReplies.BadArgument;
        }

        // A space behind the colon is not in the grammar, but in use.
        var text = argument[prefix.Length..].TrimStart((byte)' ');
        if (!SmtpPath.TryParse(text, out var path) || ReferenceEquals(path.Address, EmailAddress.Postmaster))
        {
            return SmtpReplies.BadSender;
        }

        var given = new Given();
        var parameters = new EsmtpParameters(text[path.Length..]);
        while (parameters.MoveNext())
        {
            if (given.Take(session, in parameters) is { } refusal)
            {
                return refusal;
            }
        }

        if (parameters.IsMalformed)
        {
            return SmtpReplies.BadArgument;
        }

        if (path.IsInternationalized && !given.SmtpUtf8)
        {
            return SmtpReplies.NeedsSmtpUtf8;
        }

        if (given.Size > session.Options.MaxMessageSize)
        {
            return SmtpReplies.TooLarge;
        }

        envelope = new Envelope(new ReversePath(path.Address))
        {
            Body = given.Body ?? BodyType.SevenBit,
            SmtpUtf8 = given.SmtpUtf8,
            DeclaredSize = given.Size,
            AuthParameter = given.Auth,
        };
        return null;
    }

    /// <summary>The parameters seen so far.</summary>
    private struct Given
    {
        public long? Size;
        public BodyType? Body;
        public bool SmtpUtf8;
        public string? Auth;

        public SmtpReply? Take(SmtpSession session, in EsmtpParameters parameter)
        {
            // RFC 5321 4.1.1.1: none of these were announced to a client that said HELO.
            if (session.Hello == HelloKind.Helo)
            {
                return SmtpReplies.UnknownParameter;
            }

            var keyword = parameter.Keyword;
            return Ascii.EqualsIgnoreCase(keyword, "SIZE"u8) ? TakeSize(parameter.Value)
                : Ascii.EqualsIgnoreCase(keyword, "BODY"u8) ? TakeBody(parameter.Value)
                : Ascii.EqualsIgnoreCase(keyword, "SMTPUTF8"u8) ? TakeSmtpUtf8(parameter.HasValue)
                : Ascii.EqualsIgnoreCase(keyword, "AUTH"u8) && session.Options.OfferAuthentication ? TakeAuth(parameter.Value)
                : SmtpReplies.UnknownParameter;
        }

        private SmtpReply? TakeSize(ReadOnlySpan<byte> value)
        {
            if (Size is not null)
            {
                return SmtpReplies.RepeatedParameter;
            }

            // RFC 1870 6: up to twenty digits, more than a long can tell.
            if (value.IsEmpty || value.Length > 20 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return SmtpReplies.BadParameterValue;
            }

            Size = Utf8Parser.TryParse(value, out long size, out var used) && used == value.Length ? size : long.MaxValue;
            return null;
        }

        private SmtpReply? TakeBody(ReadOnlySpan<byte> value)
        {
            if (Body is not null)
            {
                return SmtpReplies.RepeatedParameter;
            }

            Body = Ascii.EqualsIgnoreCase(value, "7BIT"u8) ? BodyType.SevenBit
                : Ascii.EqualsIgnoreCase(value, "8BITMIME"u8) ? BodyType.EightBitMime
                : Ascii.EqualsIgnoreCase(value, "BINARYMIME"u8) ? BodyType.BinaryMime
                : null;
            return Body is null ? SmtpReplies.BadParameterValue : null;
        }

        private SmtpReply? TakeSmtpUtf8(bool hasValue)
        {
            if (SmtpUtf8)
            {
                return SmtpReplies.RepeatedParameter;
            }

            SmtpUtf8 = true;
            return hasValue ? SmtpReplies.BadParameterValue : null;
        }

        private SmtpReply? TakeAuth(ReadOnlySpan<byte> value)
        {
            if (Auth is not null)
            {
                return SmtpReplies.RepeatedParameter;
            }

            return !value.IsEmpty && XText.TryDecode(value, out Auth) ? null : SmtpReplies.BadParameterValue;
        }
    }
}
