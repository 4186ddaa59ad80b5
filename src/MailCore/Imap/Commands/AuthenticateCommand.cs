using System.Buffers.Text;
using System.Text;
using MailCore.Authentication;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.2.2, with an initial response (RFC 4959).</summary>
internal sealed class AuthenticateCommand(string mechanism, byte[]? initial) : ImapCommand
{
    private const int MaxResponse = 12 * 1024;

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var mechanism = Encoding.ASCII.GetString(reader.Atom());
        byte[]? initial = null;
        if (reader.TrySpace())
        {
            var response = reader.Atom();
            if (!reader.Failed && !TryDecode(response is [(byte)'='] ? [] : response, out initial))
            {
                reader.Fail("base64 expected");
            }
        }

        reader.End();
        return new AuthenticateCommand(mechanism, initial);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Authentication.AllowsLogin)
        {
            return LoginCommand.TlsFirst;
        }

        if (session.Services.Login.Start(mechanism, session.Authentication) is not { } exchange)
        {
            return ImapReply.No("This mechanism is not known", "CANNOT");
        }

        var response = initial;
        while (true)
        {
            // A failure takes its time, and the replies before it are due now.
            await session.Writer.FlushAsync(session.Aborted);
            switch (await exchange.StepAsync(response, session.Aborted))
            {
                case SaslStep.Done done:
                    return await LoginCommand.FinishAsync(session, done.Result);
                case SaslStep.Malformed malformed:
                    return ImapReply.Bad(malformed.Reason);
                case SaslStep.Challenge challenge:
                    session.Writer.Raw("+ "u8).Raw(Convert.ToBase64String(challenge.Data.Span)).Line();
                    break;
            }

            if (await session.ReadLineAsync(MaxResponse) is not { } line)
            {
                return ImapReply.Bad("The response is too long");
            }

            if (line is [(byte)'*'])
            {
                return ImapReply.Bad("Cancelled");
            }

            if (!TryDecode(line, out response))
            {
                return ImapReply.Bad("The response is not base64");
            }
        }
    }

    private static bool TryDecode(ReadOnlySpan<byte> base64, out byte[]? octets)
    {
        octets = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        var valid = Base64.IsValid(base64, out var length) && !base64.ContainsAny(" \t\r\n"u8)
            && Base64.DecodeFromUtf8(base64, octets, out _, out _) == System.Buffers.OperationStatus.Done;
        octets = valid ? octets[..length] : null;
        return valid;
    }
}
