using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>What became of a password's comparison with a hash.</summary>
public enum PasswordVerification
{
    /// <summary>They differ, or the hash can't be read.</summary>
    Failed,

    /// <summary>They fit.</summary>
    Success,

    /// <summary>They fit, and the hash is weaker than one made today: store a new one.</summary>
    SuccessRehash,
}

/// <summary>
/// Passwords as they are kept: PBKDF2 with HMAC-SHA-512, a salt of 16 octets and a key of 32, written as
/// <c>$pbkdf2-sha512$iterations$salt$key</c> in base64url. Passwords are prepared by SASLprep first. What Linux, Dovecot and
/// docker-mailserver write as <c>$6$...</c> or <c>{SHA512-CRYPT}$6$...</c> is read too, and always counts as weaker.
/// </summary>
public static class PasswordHash
{
    /// <summary>Iterations of a hash made today.</summary>
    public const int Iterations = 210_000;

    private const string Scheme = "pbkdf2-sha512";
    private const string CryptScheme = "{SHA512-CRYPT}";
    private const int MaxIterations = 10_000_000;

    /// <summary>Hashes a password with a fresh salt.</summary>
    public static string Create(string password) => Create(password, Iterations);

    /// <summary>Hashes with fewer or more iterations than <see cref="Iterations"/>; 1,000 is for tests.</summary>
    public static string Create(string password, int iterations)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaxIterations);
        var salt = RandomNumberGenerator.GetBytes(16);
        var key = Derive(password, salt, iterations, 32);
        return string.Create(CultureInfo.InvariantCulture, $"${Scheme}${iterations}${Base64Url.EncodeToString(salt)}${Base64Url.EncodeToString(key)}");
    }

    /// <summary>Whether passwords can be compared with this.</summary>
    public static bool IsReadable(string hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        return TryParse(hash, out _) || Sha512Crypt.IsReadable(WithoutScheme(hash));
    }

    /// <summary>Compares in a time that does not depend on where they differ.</summary>
    public static PasswordVerification Verify(string password, string hash) => Verify(password, hash, Iterations);

    /// <summary>The same where hashes with less than <paramref name="wanted"/> iterations are the weaker ones.</summary>
    public static PasswordVerification Verify(string password, string hash, int wanted)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentNullException.ThrowIfNull(hash);
        if (!TryParse(hash, out var kept))
        {
            return VerifyCrypt(password, WithoutScheme(hash)) ? PasswordVerification.SuccessRehash : PasswordVerification.Failed;
        }

        var actual = Derive(password, kept.Salt, kept.Iterations, kept.Key.Length);
        if (!CryptographicOperations.FixedTimeEquals(actual, kept.Key))
        {
            return PasswordVerification.Failed;
        }

        return kept.Iterations < wanted ? PasswordVerification.SuccessRehash : PasswordVerification.Success;
    }

    private static bool TryParse(string hash, out (int Iterations, byte[] Salt, byte[] Key) kept)
    {
        kept = default;
        var parts = hash.Split('$');
        if (parts.Length != 5 || parts[0].Length != 0 || parts[1] != Scheme
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MaxIterations
            || !Base64Url.IsValid(parts[3]) || parts[4].Length == 0 || !Base64Url.IsValid(parts[4]))
        {
            return false;
        }

        kept = (iterations, Base64Url.DecodeFromChars(parts[3]), Base64Url.DecodeFromChars(parts[4]));
        return true;
    }

    private static string WithoutScheme(string hash) => hash.StartsWith(CryptScheme, StringComparison.OrdinalIgnoreCase) ? hash[CryptScheme.Length..] : hash;

    // Made elsewhere, most likely without preparation.
    private static bool VerifyCrypt(string password, string hash)
    {
        if (Sha512Crypt.Verify(Encoding.UTF8.GetBytes(password), hash))
        {
            return true;
        }

        var prepared = SaslPrep.PrepareOrKeep(password);
        return prepared != password && Sha512Crypt.Verify(Encoding.UTF8.GetBytes(prepared), hash);
    }

    private static byte[] Derive(string password, byte[] salt, int iterations, int length) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(SaslPrep.PrepareOrKeep(password)), salt, iterations, HashAlgorithmName.SHA512, length);
}
