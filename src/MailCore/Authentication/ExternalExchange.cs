namespace MailCore.Authentication;

/// <summary>RFC 4422 A: the client certificate says who the client is; the response may say whom it wants to act for.</summary>
internal sealed class ExternalExchange(LoginAttempt attempt) : ISaslExchange
{
    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (response is null)
        {
            return new SaslStep.Challenge(ReadOnlyMemory<byte>.Empty);
        }

        return SaslText.TryDecode(response, mayBeEmpty: true, out var user)
            ? new SaslStep.Done(await attempt.VerifyCertificateAsync(user, cancellationToken).ConfigureAwait(false))
            : new SaslStep.Malformed("EXTERNAL wants a user name or nothing");
    }
}
