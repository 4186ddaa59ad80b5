namespace MailCore.Authentication;

/// <summary>The unregistered LOGIN: the server asks for user name and password in turn; some clients send the name at once.</summary>
internal sealed class LoginExchange(LoginAttempt attempt) : ISaslExchange
{
    private static readonly byte[] UserPrompt = "Username:"u8.ToArray();
    private static readonly byte[] PasswordPrompt = "Password:"u8.ToArray();

    private string? _user;

    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (response is null)
        {
            return new SaslStep.Challenge(UserPrompt);
        }

        if (!SaslText.TryDecode(response, mayBeEmpty: false, out var text))
        {
            return new SaslStep.Malformed("LOGIN wants a user name, then a password, neither empty");
        }

        if (_user is null)
        {
            _user = text;
            return new SaslStep.Challenge(PasswordPrompt);
        }

        return new SaslStep.Done(await attempt.VerifyPasswordAsync(_user, text, "", cancellationToken).ConfigureAwait(false));
    }
}
