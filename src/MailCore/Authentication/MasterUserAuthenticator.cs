using System.Collections.Frozen;
using MailCore.Diagnostics;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

/// <summary>
/// Lets master users in as others: as "user*master", or by SASL's authorization identity. Stands before the authenticator of the users;
/// names without a master known here are left to that. Thread-safe; masters can be exchanged while it works.
/// </summary>
internal sealed partial class MasterUserAuthenticator(IMailDirectory directory, ILogger logger)
{
    private static readonly AuthenticationResult Rejected = new AuthenticationResult.Rejected();

    private readonly PasswordVerifier _verifier = new();
    private volatile Masters _masters = new(new MasterUserOptions());

    /// <summary>From now on these, in the place of those before.</summary>
    public void Use(MasterUserOptions options) => _masters = new Masters(options);

    /// <summary>Which master wants to be whom; null for a login of another kind.</summary>
    /// <param name="user">As the client sent it.</param>
    /// <param name="authorization">For whom the client wants to act; empty for itself.</param>
    public MasterClaim? Find(string user, string authorization)
    {
        var masters = _masters;
        if (masters.ByName.Count == 0)
        {
            return null;
        }

        // Clients that build on Cyrus SASL say the login name twice.
        authorization = authorization.Equals(user, StringComparison.OrdinalIgnoreCase) ? "" : authorization;
        if (authorization.Length > 0 && masters.Find(user) is { } master)
        {
            return new MasterClaim(master, authorization);
        }

        var at = masters.Options.Separator is { } separator ? user.LastIndexOf(separator) : -1;
        if (at <= 0 || masters.Find(user[(at + 1)..]) is not { } behind)
        {
            return null;
        }

        // Two different wishes are none.
        var name = user[..at];
        return new MasterClaim(behind, authorization.Length == 0 || authorization.Equals(name, StringComparison.OrdinalIgnoreCase) ? name : "");
    }

    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(MasterClaim claim, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
        await _verifier.VerifyAsync(password, claim.Master.Hash.Value, cancellationToken).ConfigureAwait(false) == PasswordVerification.Failed
            ? Rejected
            : await AuthorizeAsync(claim, context, cancellationToken).ConfigureAwait(false);

    /// <summary>The master's keys, if there are any, and the answer to a client that has proved to know the password.</summary>
    public async ValueTask<(ScramKeys? Keys, AuthenticationResult Result)> FindScramAsync(MasterClaim claim, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken) =>
        (claim.Master.Find(hash), await AuthorizeAsync(claim, context, cancellationToken).ConfigureAwait(false));

    private async ValueTask<AuthenticationResult> AuthorizeAsync(MasterClaim claim, AuthenticationContext context, CancellationToken cancellationToken)
    {
        if (context.Protocol == "smtp" && !claim.Master.User.MaySubmit)
        {
            LogMayNotSubmit(logger, claim.Master.User.Name, LogText.Clean(claim.For));
            return Rejected;
        }

        if (SaslPrep.Prepare(claim.For) is not { Length: > 0 and <= 255 } name || name.Any(char.IsControl))
        {
            return Rejected;
        }

        var identity = await (_masters.Options.FindUser ?? FindAsync)(name, cancellationToken).ConfigureAwait(false);
        return identity is null ? Rejected : new AuthenticationResult.Ok(identity with { Master = claim.Master.User.Name });
    }

    private async ValueTask<MailIdentity?> FindAsync(string user, CancellationToken cancellationToken) =>
        EmailAddress.TryParse(user, out var address) && await directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Account account
            ? new MailIdentity(address.ToString(), account.Id)
            : null;

    [LoggerMessage(EventId = 2013, Level = LogLevel.Warning, Message = "Master user {Master} may not submit mail, and tried to as {User}")]
    private static partial void LogMayNotSubmit(ILogger logger, string master, string user);

    private sealed class Masters(MasterUserOptions options)
    {
        public MasterUserOptions Options => options;

        public FrozenDictionary<string, KnownMaster> ByName { get; } =
            options.Users.Select(static user => new KnownMaster(user)).ToFrozenDictionary(static known => Prepare(known.User.Name), StringComparer.OrdinalIgnoreCase);

        public KnownMaster? Find(string name) => ByName.GetValueOrDefault(Prepare(name));

        private static string Prepare(string name) => SaslPrep.Prepare(name) ?? name;
    }
}

/// <summary>A master user with what passwords and proofs are compared with.</summary>
internal sealed class KnownMaster(MasterUser user)
{
    private readonly Lazy<ScramKeys?> _sha1 = new(() => Make(user, ScramHash.Sha1));
    private readonly Lazy<ScramKeys?> _sha256 = new(() => Make(user, ScramHash.Sha256));

    public MasterUser User => user;

    public Lazy<string> Hash { get; } = new(() => user.PasswordHash is { Length: > 0 } hash ? hash : PasswordHash.Create(user.Password!));

    public ScramKeys? Find(ScramHash hash) => (hash == ScramHash.Sha1 ? _sha1 : _sha256).Value;

    private static ScramKeys? Make(MasterUser user, ScramHash hash) => user.Password is { Length: > 0 } password ? ScramKeys.Create(hash, password) : null;
}

/// <summary>A master who wants to be somebody.</summary>
/// <param name="Master">Who.</param>
/// <param name="For">Who that is to be, as the client sent it; empty where it said two things.</param>
internal sealed record MasterClaim(KnownMaster Master, string For);
