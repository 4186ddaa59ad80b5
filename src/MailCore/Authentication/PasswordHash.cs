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
/// <c>$pbkdf2-sha512$iterations$salt$key</c> in base64url.
/// </summary>
public static class PasswordHash
{
    /// <summary>Iterations of a hash made today.</summary>
    public const int Iterations = 210_000;

    private const string Scheme = "pbkdf2-sha512";
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

    /// <summary>Compares in a time that does not depend on where they differ.</summary>
    public static PasswordVerification Verify(string password, string hash)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentNullException.ThrowIfNull(hash);
        var parts = hash.Split('$');
        if (parts.Length != 5 || parts[0].Length != 0 || parts[1] != Scheme
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MaxIterations
            || !Base64Url.IsValid(parts[3]) || !Base64Url.IsValid(parts[4]))
        {
            return PasswordVerification.Failed;
        }

        var expected = Base64Url.DecodeFromChars(parts[4]);
        var actual = Derive(password, Base64Url.DecodeFromChars(parts[3]), iterations, Math.Max(1, expected.Length));
        if (!CryptographicOperations.FixedTimeEquals(actual, expected))
        {
            return PasswordVerification.Failed;
        }

        return iterations < Iterations ? PasswordVerification.SuccessRehash : PasswordVerification.Success;
    }

    private static byte[] Derive(string password, byte[] salt, int iterations, int length) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, length);
}
