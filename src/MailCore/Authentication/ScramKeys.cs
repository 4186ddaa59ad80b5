using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>The hash functions that SCRAM is offered with.</summary>
public enum ScramHash
{
    /// <summary>RFC 5802.</summary>
    Sha1,

    /// <summary>RFC 7677.</summary>
    Sha256,
}

/// <summary>
/// What SCRAM needs to know of a password (RFC 5802 3): enough to check a proof of it, not enough to log in elsewhere. Immutable.
/// Written as RFC 5803 says, <c>SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey</c> in base64.
/// </summary>
public sealed class ScramKeys
{
    /// <summary>Iterations of keys made today. Every client computes them at every login, so there are fewer than in <see cref="PasswordHash"/>.</summary>
    public const int DefaultIterations = 15_000;

    private const int MinIterations = 1_000;
    private const int MaxIterations = 10_000_000;

    private ScramKeys(ScramHash hash, int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) =>
        (Hash, Iterations, Salt, StoredKey, ServerKey) = (hash, iterations, salt, storedKey, serverKey);

    /// <summary>The hash function.</summary>
    public ScramHash Hash { get; }

    /// <summary>Of PBKDF2.</summary>
    public int Iterations { get; }

    /// <summary>Sent to the client.</summary>
    public ReadOnlyMemory<byte> Salt { get; }

    internal ReadOnlyMemory<byte> StoredKey { get; }

    internal ReadOnlyMemory<byte> ServerKey { get; }

    /// <summary>Derives keys with a fresh salt from a password, which is prepared by SASLprep; 4,096 iterations is the least RFC 7677 allows, fewer are for tests.</summary>
    public static ScramKeys Create(ScramHash hash, string password, int iterations = DefaultIterations) =>
        Create(hash, password, iterations, RandomNumberGenerator.GetBytes(16));

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ScramKeys? keys)
    {
        ArgumentNullException.ThrowIfNull(text);
        keys = null;
        var parts = text.Split('$');
        if (parts.Length != 3 || parts[0] is not ("SCRAM-SHA-1" or "SCRAM-SHA-256")
            || parts[1].Split(':') is not [var count, var saltText] || parts[2].Split(':') is not [var storedText, var serverText]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < MinIterations or > MaxIterations
            || !TryDecode(saltText, out var salt) || !TryDecode(storedText, out var stored) || !TryDecode(serverText, out var server))
        {
            return false;
        }

        var hash = parts[0] == "SCRAM-SHA-1" ? ScramHash.Sha1 : ScramHash.Sha256;
        var length = ScramFunctions.Length(hash);
        if (salt.Length == 0 || stored.Length != length || server.Length != length)
        {
            return false;
        }

        keys = new ScramKeys(hash, iterations, salt, stored, server);
        return true;
    }

    /// <summary>For a store. Not <see cref="object.ToString"/>, which ends up in logs.</summary>
    public string Encode() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Hash == ScramHash.Sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256")}${Iterations}:{Convert.ToBase64String(Salt.Span)}${Convert.ToBase64String(StoredKey.Span)}:{Convert.ToBase64String(ServerKey.Span)}");

    internal static ScramKeys Create(ScramHash hash, string password, int iterations, byte[] salt)
    {
        ArgumentNullException.ThrowIfNull(password);
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, MinIterations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(iterations, MaxIterations);
        var prepared = Encoding.UTF8.GetBytes(SaslPrep.PrepareOrKeep(password));
        var salted = Rfc2898DeriveBytes.Pbkdf2(prepared, salt, iterations, ScramFunctions.Name(hash), ScramFunctions.Length(hash));
        CryptographicOperations.ZeroMemory(prepared);
        var clientKey = ScramFunctions.Mac(hash, salted, "Client Key"u8);
        var keys = new ScramKeys(hash, iterations, salt, ScramFunctions.Digest(hash, clientKey), ScramFunctions.Mac(hash, salted, "Server Key"u8));
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        return keys;
    }

    /// <summary>Keys that no proof fits, with a salt given.</summary>
    internal static ScramKeys MakeUp(ScramHash hash, byte[] salt)
    {
        var length = ScramFunctions.Length(hash);
        return new ScramKeys(hash, DefaultIterations, salt, RandomNumberGenerator.GetBytes(length), RandomNumberGenerator.GetBytes(length));
    }

    private static bool TryDecode(string text, out byte[] octets)
    {
        octets = Base64.IsValid(text) ? Convert.FromBase64String(text) : [];
        return octets.Length > 0;
    }
}

/// <summary>The functions of RFC 5802 2.2, by hash.</summary>
internal static class ScramFunctions
{
    public static int Length(ScramHash hash) => hash == ScramHash.Sha1 ? SHA1.HashSizeInBytes : SHA256.HashSizeInBytes;

    public static HashAlgorithmName Name(ScramHash hash) => hash == ScramHash.Sha1 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;

    public static byte[] Mac(ScramHash hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> text) => CryptographicOperations.HmacData(Name(hash), key, text);

    public static byte[] Digest(ScramHash hash, ReadOnlySpan<byte> text) => CryptographicOperations.HashData(Name(hash), text);
}
