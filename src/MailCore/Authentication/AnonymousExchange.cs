namespace MailCore.Authentication;

/// <summary>RFC 4505: anybody, under the one identity that the options name. What the client says of itself is not kept.</summary>
internal sealed class AnonymousExchange(LoginAttempt attempt, MailIdentity identity) : ISaslExchange
{
    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (response is null)
        {
            return new SaslStep.Challenge(ReadOnlyMemory<byte>.Empty);
        }

        return SaslText.TryDecode(response, mayBeEmpty: true, out _)
            ? new SaslStep.Done(await attempt.SettleAsync("anonymous", new AuthenticationResult.Ok(identity), cancellationToken).ConfigureAwait(false))
            : new SaslStep.Malformed("ANONYMOUS wants up to 255 octets of text");
    }
}
