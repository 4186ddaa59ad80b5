using System.Text;

namespace MailCore.Authentication;

/// <summary>RFC 4616: authorization identity, authentication identity and password with NULs between, in one response.</summary>
internal sealed class PlainExchange(PasswordVerifier verify) : ISaslExchange
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

        var result = await verify(user, password, cancellationToken).ConfigureAwait(false);
        // Acting for somebody else needs a right that nobody has yet.
        return new SaslStep.Done(result is AuthenticationResult.Ok && authorization.Length > 0 && !authorization.Equals(user, StringComparison.OrdinalIgnoreCase)
            ? new AuthenticationResult.Rejected()
            : result);
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

/// <summary>Names and passwords as they come out of SASL messages: UTF-8, bounded, without control characters.</summary>
internal static class SaslText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static bool TryDecode(ReadOnlySpan<byte> octets, bool mayBeEmpty, out string text)
    {
        text = "";
        if (octets.Length > 255 || (octets.IsEmpty && !mayBeEmpty))
        {
            return false;
        }

        try
        {
            text = Strict.GetString(octets);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return false;
            }
        }

        return true;
    }
}
