namespace MailCore.Authentication;

/// <summary>RFC 4616: authorization identity, authentication identity and password with NULs between, in one response.</summary>
internal sealed class PlainExchange(LoginAttempt attempt) : ISaslExchange
{
    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (response is null)
        {
            return new SaslStep.Challenge(ReadOnlyMemory<byte>.Empty);
        }

        if (!TryParse(response, out var authorization, out var user, out var password))
        {
            return new SaslStep.Malformed("PLAIN wants authorization identity, user and password separated by NUL");
        }

        return new SaslStep.Done(await attempt.VerifyPasswordAsync(user, password, authorization, cancellationToken).ConfigureAwait(false));
    }

    private static bool TryParse(ReadOnlySpan<byte> octets, out string authorization, out string user, out string password)
    {
        (authorization, user, password) = ("", "", "");
        var first = octets.IndexOf((byte)0);
        if (first < 0)
        {
            return false;
        }

        var second = octets[(first + 1)..].IndexOf((byte)0);
        if (second < 0)
        {
            return false;
        }

        return SaslText.TryDecode(octets[..first], mayBeEmpty: true, out authorization)
            && SaslText.TryDecode(octets.Slice(first + 1, second), mayBeEmpty: false, out user)
            && SaslText.TryDecode(octets[(first + second + 2)..], mayBeEmpty: false, out password);
    }
}
