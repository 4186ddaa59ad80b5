using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace MailCore.Authentication.Jwt;

/// <summary>Keys as configurations have them.</summary>
public static class JwtKeys
{
    /// <summary>The signing keys of a JSON Web Key Set (RFC 7517 5).</summary>
    /// <exception cref="ArgumentException">It is no such set.</exception>
    public static IReadOnlyList<SecurityKey> FromKeySet(string json) => [.. new JsonWebKeySet(json).GetSigningKeys()];

    /// <summary>An RSA or EC public key, "-----BEGIN PUBLIC KEY-----".</summary>
    /// <exception cref="ArgumentException">It is no such key.</exception>
    public static SecurityKey FromPem(string pem, string? keyId = null)
    {
        ArgumentNullException.ThrowIfNull(pem);
        try
        {
            var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa) { KeyId = keyId };
        }
        catch (CryptographicException)
        {
            // Of the other kind, or none.
        }

        try
        {
            var curve = ECDsa.Create();
            curve.ImportFromPem(pem);
            return new ECDsaSecurityKey(curve) { KeyId = keyId };
        }
        catch (CryptographicException error)
        {
            throw new ArgumentException("This is no RSA or EC public key in PEM.", nameof(pem), error);
        }
    }
}
