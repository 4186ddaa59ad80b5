using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Pop3;

internal sealed partial class Pop3Session
{
    private static readonly byte[] Marked = [1];

    private MailIdentity? _user;

    /// <summary>What a login on this connection is told.</summary>
    public AuthenticationContext Authentication => AuthenticationContext.Of("pop3", Connection, Policy);

    /// <summary>Null before the login.</summary>
    public string? AccountName => _user?.Account.Value;

    /// <summary>How the client may log in now.</summary>
    public SaslOffer Offer => Services.Login.Offer(Authentication);

    public void RefuseCleartext() => Output.Error(Policy.OffersStartTls(IsSecured)
        ? "Logins need TLS here: issue STLS first"u8
        : "Logins need TLS, which this port does not offer"u8);

    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, CancellationToken cancellationToken) =>
        Services.Login.VerifyPasswordAsync(user, password, Authentication, cancellationToken);

    /// <summary>Runs something that may wait long for the sake of a failed login, until the client or the server goes.</summary>
    public async ValueTask<T?> RunLoginAsync<T>(Func<CancellationToken, ValueTask<T>> verify)
        where T : class
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping, Connection.Closed);
        try
        {
            return await verify(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            SayGoodbye();
            return null;
        }
    }

    /// <summary>Answers a login and opens the mail drop of one that succeeded.</summary>
    public async ValueTask FinishLoginAsync(AuthenticationResult result)
    {
        switch (result)
        {
            case AuthenticationResult.Ok ok:
                await OpenMailDropAsync(ok.Identity).ConfigureAwait(false);
                break;
            case AuthenticationResult.TryLater:
                Output.Error("[SYS/TEMP] Logins are not possible now"u8);
                break;
            case AuthenticationResult.Expired:
                RefuseLogin("[AUTH] The password has expired"u8);
                break;
            default:
                RefuseLogin("[AUTH] Wrong user name or password"u8);
                break;
        }
    }

    /// <summary>Whether messages may be removed from the mail drop now.</summary>
    public async ValueTask<bool> MayRemoveAsync() =>
        MailboxPermissions.OwnersMayAll(Services.Authorization)
        || await MailDrop!.GetInfoAsync(Connection.Closed).ConfigureAwait(false) is not { } info
        || await IsAllowedAsync(_user!, info, MailboxOperation.Remove).ConfigureAwait(false);

    private void RefuseLogin(ReadOnlySpan<byte> text)
    {
        Output.Error(text);
        if (++_loginFailures >= Options.MaxLoginFailures)
        {
            Log.TooManyFailedLogins(Connection.Id, Connection.RemoteEndPoint);
            End();
        }
    }

    private async ValueTask OpenMailDropAsync(MailIdentity identity)
    {
        if (Options.LoginDelay > TimeSpan.Zero && !await IsLateEnoughAsync(identity.Account).ConfigureAwait(false))
        {
            return;
        }

        var isExclusive = Options.MailDropMode == Pop3MailDropMode.Exclusive;
        var held = isExclusive ? Services.Locks.TryEnter(identity.Account) : null;
        if (isExclusive && held is null)
        {
            Output.Error("[IN-USE] Another session has the mail drop open"u8);
            return;
        }

        try
        {
            if (await FindMailDropAsync(identity).ConfigureAwait(false) is not { } view)
            {
                Log.NoMailDrop(Connection.Id, identity.Name, Options.Mailbox);
                Output.Error("[SYS/PERM] There is no mail drop for this user"u8);
                return;
            }

            MailDrop = new Pop3MailDrop(view, Options, held);
            _user = identity;
            held = null;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            RefuseForStore(error);
            return;
        }
        finally
        {
            held?.Dispose();
        }

        _badCommands = 0;
        Output.Text("+OK "u8).Number(MailDrop.Count).Text(" messages ("u8).Number(MailDrop.Octets).Text(" octets)"u8).EndLine();
    }

    // RFC 2449 6.5: counted from the last login that this let through.
    private async ValueTask<bool> IsLateEnoughAsync(AccountId account)
    {
        var key = "pop3-login/" + account.Value;
        try
        {
            if (await Services.State.GetAsync(key, Connection.Closed).ConfigureAwait(false) is not null)
            {
                Output.Error("[LOGIN-DELAY] The last login was too short a time ago"u8);
                return false;
            }

            await Services.State.SetAsync(key, Marked, Services.Time.GetUtcNow() + Options.LoginDelay, Connection.Closed).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            RefuseForStore(error);
            return false;
        }
    }

    // Where the user may not read there is nothing.
    private async ValueTask<MailboxView?> FindMailDropAsync(MailIdentity user)
    {
        var opened = await Services.Accounts.OpenAsync(user.Account, Connection.Closed).ConfigureAwait(false);
        var mailbox = opened is null ? null : await opened.FindMailboxAsync(Options.Mailbox, Connection.Closed).ConfigureAwait(false);
        var view = mailbox is null ? null : await mailbox.OpenViewAsync(Connection.Closed).ConfigureAwait(false);
        return view is not null && await IsAllowedAsync(user, view.State.Info, MailboxOperation.Read).ConfigureAwait(false) ? view : null;
    }

    private async ValueTask<bool> IsAllowedAsync(MailIdentity user, MailboxInfo mailbox, MailboxOperation operation) => MailboxPermissions.Allows(
        await Services.Authorization.GetRightsAsync(user, user.Account, mailbox.Name, mailbox.Acl, Connection.Closed).ConfigureAwait(false), operation);
}
