using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>
/// Decides who a client is, for all protocols alike. Thread-safe. What it can do beside checking passwords are interfaces of their
/// own; a class that implements them needs to write nothing else, and the mechanisms that build on them are then announced.
/// </summary>
public interface IMailAuthenticator
{
    /// <summary>For SCRAM; null where there are no such keys now.</summary>
    IScramCredentials? Scram => this as IScramCredentials;

    /// <summary>For OAUTHBEARER and XOAUTH2; null where tokens are not understood.</summary>
    ITokenAuthenticator? Tokens => this as ITokenAuthenticator;

    /// <summary>For CRAM-MD5; null where no passwords are kept in the clear, as should be.</summary>
    ICramMd5Secrets? CramMd5 => this as ICramMd5Secrets;

    /// <summary>
    /// Checks a password. An unknown user and a wrong password take the same time and give the same answer. The user name is what
    /// the client sent, prepared by SASLprep: never empty, at most 255 characters, free of control characters. The password is as
    /// the client sent it.
    /// </summary>
    ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken);

    /// <summary>
    /// Whether a user is known here; null when that can't be told. <see cref="CompositeAuthenticator"/> asks it, and the answer
    /// reaches no client.
    /// </summary>
    ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken) => new((bool?)null);
}

/// <summary>Who a client turned out to be.</summary>
/// <param name="Name">The login name, normalised; for logs and trace headers.</param>
/// <param name="Account">Whose mail is opened.</param>
public sealed record MailIdentity(string Name, AccountId Account)
{
    /// <summary>Nobody in particular: the sender of a message who is not logged in.</summary>
    public static MailIdentity Anyone { get; } = new("", default);

    /// <summary>Names of groups, for access control lists, where they stand as "$name"; none unless the authenticator knows of any.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The master user (<see cref="MasterUserOptions"/>) who logged in as this one; null for the user.</summary>
    public string? Master { get; init; }

    internal bool IsAnyone => Account.Value is null;
}

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
