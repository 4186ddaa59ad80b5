using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>RFC 2195: a challenge, and the user name with its HMAC-MD5 under the password.</summary>
internal sealed class CramMd5Exchange(LoginAttempt attempt) : ISaslExchange
{
    private byte[]? _challenge;

    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (_challenge is null)
        {
            if (response is not null)
            {
                return new SaslStep.Malformed("CRAM-MD5 has no initial response");
            }

            _challenge = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"<{RandomNumberGenerator.GetHexString(16, lowercase: true)}.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}@server.invalid>"));
            return new SaslStep.Challenge(_challenge);
        }

        var space = (response ?? []).AsSpan().LastIndexOf((byte)' ');
        if (space < 0 || !SaslText.TryDecode(response.AsSpan(0, space), mayBeEmpty: false, out var user))
        {
            return new SaslStep.Malformed("CRAM-MD5 wants a user name and a digest");
        }

        var (secret, result) = await attempt.FindCramMd5Async(user, cancellationToken).ConfigureAwait(false);
        if (result is not null)
        {
            return new SaslStep.Done(result);
        }

        var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Digest(secret?.Secret ?? RandomNumberGenerator.GetBytes(16), _challenge)));
        var isRight = CryptographicOperations.FixedTimeEquals(expected, response.AsSpan(space + 1)) && secret is not null;
        return new SaslStep.Done(await attempt.SettleAsync(user, isRight ? secret!.Result : new AuthenticationResult.Rejected(), cancellationToken).ConfigureAwait(false));
    }

    private static byte[] Digest(ReadOnlyMemory<byte> secret, byte[] challenge) => CryptographicOperations.HmacData(HashAlgorithmName.MD5, secret.Span, challenge);
}
