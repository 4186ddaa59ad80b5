using MailCore.Authentication;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.2.3.</summary>
internal sealed class LoginCommand(string user, string password) : ImapCommand
{
    /// <summary>To whoever would send a password in the clear.</summary>
    public static ImapReply TlsFirst { get; } = ImapReply.No("Not without TLS", "PRIVACYREQUIRED");

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var user = reader.Text();
        reader.Space();
        var password = reader.Text();
        reader.End();
        return new LoginCommand(user, password);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session) =>
        session.Offer.TakesPasswords
            ? await FinishAsync(session, await VerifyAsync(session, user, password, session.Aborted))
            : TlsFirst;

    /// <summary>Asks whether the password is right; the replies before are sent first, since it may take its time.</summary>
    public static async ValueTask<AuthenticationResult> VerifyAsync(ImapSession session, string user, string password, CancellationToken cancellationToken)
    {
        await session.Writer.FlushAsync(cancellationToken);
        return await session.Services.Login.VerifyPasswordAsync(user, password, session.Authentication, cancellationToken);
    }

    /// <summary>Lets the client in, or counts its failure.</summary>
    public static async ValueTask<ImapReply> FinishAsync(ImapSession session, AuthenticationResult result)
    {
        switch (result)
        {
            case AuthenticationResult.Ok ok when await session.Services.Accounts.OpenAsync(ok.Identity.Account, session.Aborted) is { } account:
                return session.TryLogIn(ok.Identity, account)
                    ? ImapReply.Ok("Welcome", ImapReply.CapabilityCode)
                    : ImapReply.No("You have too many sessions", "LIMIT");
            case AuthenticationResult.Ok:
                return ImapReply.No("There is no mail for you here", "UNAVAILABLE");
            case AuthenticationResult.TryLater:
                return ImapReply.No("This can't be checked now, try later", "UNAVAILABLE");
        }

        if (++session.LoginFailures >= session.Options.MaxLoginFailures)
        {
            session.Log.TooManyFailedLogins(session.Connection.Id, session.Connection.RemoteEndPoint);
            session.Bye("Too many failed logins");
        }

        return result is AuthenticationResult.Expired
            ? ImapReply.No("The password has expired", "EXPIRED")
            : ImapReply.No("Wrong user or password", "AUTHENTICATIONFAILED");
    }
}
