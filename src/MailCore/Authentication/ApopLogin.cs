using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>POP3's APOP (RFC 1939 7): the greeting's time stamp, digested with the password by MD5. Works from the secrets of CRAM-MD5.</summary>
internal static class ApopLogin
{
    /// <summary>A time stamp that no two greetings share, as a message id (RFC 822).</summary>
    public static string MakeTimestamp(string hostName, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"<{RandomNumberGenerator.GetHexString(16, lowercase: true)}.{now.ToUnixTimeSeconds()}@{hostName}>");

    /// <param name="attempt">Who counts and answers.</param>
    /// <param name="user">As the client sent it.</param>
    /// <param name="timestamp">As the greeting had it, with its brackets.</param>
    /// <param name="digest">What the client made of both, in hexadecimal.</param>
    /// <param name="cancellationToken">The client went away.</param>
    public static async ValueTask<AuthenticationResult> VerifyAsync(
        LoginAttempt attempt, string user, string timestamp, byte[] digest, CancellationToken cancellationToken)
    {
        var (secret, result) = await attempt.FindCramMd5Async(user, cancellationToken).ConfigureAwait(false);
        if (result is not null)
        {
            return result;
        }

        byte[] text = [.. Encoding.UTF8.GetBytes(timestamp), .. secret is null ? RandomNumberGenerator.GetBytes(16) : secret.Secret.Span];
        var expected = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Hash(text)));
        var isRight = CryptographicOperations.FixedTimeEquals(expected, digest) && secret is not null;
        return await attempt.SettleAsync(user, isRight ? secret!.Result : new AuthenticationResult.Rejected(), cancellationToken).ConfigureAwait(false);
    }

    // CA5351: MD5 is the protocol's; who does not want it leaves APOP off, as it is.
    private static byte[] Hash(byte[] text) => CryptographicOperations.HashData(HashAlgorithmName.MD5, text);
}
