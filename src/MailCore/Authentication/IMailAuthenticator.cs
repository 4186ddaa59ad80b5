using System.Net;
using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>Decides who a client is, for all protocols alike. Thread-safe.</summary>
public interface IMailAuthenticator
{
    /// <summary>
    /// Checks a password. An unknown user and a wrong password take the same time and give the same answer. The user name is
    /// what the client sent: never empty, at most 255 octets, free of control characters.
    /// </summary>
    ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken);
}

/// <summary>What an authenticator is told beside the secret.</summary>
/// <param name="Protocol">"smtp", "imap", "pop3".</param>
/// <param name="RemoteEndPoint">The client, after the PROXY protocol.</param>
/// <param name="IsSecured">TLS is on.</param>
public sealed record AuthenticationContext(string Protocol, EndPoint? RemoteEndPoint, bool IsSecured);

/// <summary>Who a client turned out to be.</summary>
/// <param name="Name">The login name, normalised; for logs and trace headers.</param>
/// <param name="Account">Whose mail is opened.</param>
public sealed record MailIdentity(string Name, AccountId Account);

/// <summary>An authenticator's answer.</summary>
public abstract record AuthenticationResult
{
    private AuthenticationResult() { }

    /// <summary>The client is who it says.</summary>
    public sealed record Ok(MailIdentity Identity) : AuthenticationResult;

    /// <summary>Unknown user or wrong secret: the two are not told apart.</summary>
    public sealed record Rejected : AuthenticationResult;

    /// <summary>The secret was right once.</summary>
    public sealed record Expired : AuthenticationResult;

    /// <summary>Can't tell now: 454, [UNAVAILABLE], [SYS/TEMP].</summary>
    /// <param name="Reason">For the log, not for the client.</param>
    public sealed record TryLater(string Reason) : AuthenticationResult;
}
