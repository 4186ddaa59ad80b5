using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>
/// The scheme "$6$" of crypt(3), by the specification of Ulrich Drepper: what docker-mailserver, Dovecot and Linux keep passwords
/// as. For checking what was made elsewhere; new hashes are PBKDF2.
/// </summary>
internal static class Sha512Crypt
{
    private const string Prefix = "$6$";
    private const string RoundsPrefix = "rounds=";
    private const int DefaultRounds = 5_000;
    private const int MinRounds = 1_000;
    private const int MaxSalt = 16;
    private const int Length = SHA512.HashSizeInBytes;

    // Of the specification's 999,999,999; a hash that takes minutes to check is an attack or a mistake.
    private const int MaxRounds = 10_000_000;

    private const string Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Whether this is such a hash, and one that can be checked.</summary>
    public static bool IsReadable(string hash) => TryParse(hash, out _, out _, out var digest) && digest.Length == 86 && digest.All(static c => Alphabet.Contains(c, StringComparison.Ordinal));

    /// <summary>Compares in a time that does not depend on where they differ.</summary>
    public static bool Verify(byte[] password, string hash)
    {
        if (!TryParse(hash, out var rounds, out var salt, out var expected))
        {
            return false;
        }

        var actual = Encode(Compute(password, Encoding.UTF8.GetBytes(salt), rounds));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(actual), Encoding.UTF8.GetBytes(expected));
    }

    private static bool TryParse(string hash, out int rounds, out string salt, out string digest)
    {
        (rounds, salt, digest) = (DefaultRounds, "", "");
        if (!hash.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var parts = hash[Prefix.Length..].Split('$');
        if (parts.Length == 3 && parts[0].StartsWith(RoundsPrefix, StringComparison.Ordinal))
        {
            if (!int.TryParse(parts[0].AsSpan(RoundsPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds > MaxRounds)
            {
                return false;
            }

            rounds = Math.Max(rounds, MinRounds);
            parts = parts[1..];
        }

        if (parts.Length != 2)
        {
            return false;
        }

        (salt, digest) = (parts[0].Length > MaxSalt ? parts[0][..MaxSalt] : parts[0], parts[1]);
        return true;
    }

    // The numbers are the steps of the specification.
    private static byte[] Compute(byte[] password, byte[] salt, int rounds)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        // 4 to 8
        var inner = SHA512.HashData([.. password, .. salt, .. password]);
        // 1 to 12
        sha.AppendData(password);
        sha.AppendData(salt);
        sha.AppendData(Repeat(inner, password.Length));
        for (var length = password.Length; length > 0; length >>= 1)
        {
            sha.AppendData((length & 1) != 0 ? inner : password);
        }

        var digest = sha.GetHashAndReset();
        // 13 to 16
        for (var i = 0; i < password.Length; i++)
        {
            sha.AppendData(password);
        }

        var sequence = Repeat(sha.GetHashAndReset(), password.Length);
        // 17 to 20
        for (var i = 0; i < 16 + digest[0]; i++)
        {
            sha.AppendData(salt);
        }

        var salting = Repeat(sha.GetHashAndReset(), salt.Length);
        // 21
        for (var round = 0; round < rounds; round++)
        {
            sha.AppendData((round & 1) != 0 ? sequence : digest);
            if (round % 3 != 0)
            {
                sha.AppendData(salting);
            }

            if (round % 7 != 0)
            {
                sha.AppendData(sequence);
            }

            sha.AppendData((round & 1) != 0 ? digest : sequence);
            sha.GetHashAndReset(digest);
        }

        CryptographicOperations.ZeroMemory(sequence);
        return digest;
    }

    private static byte[] Repeat(byte[] block, int length)
    {
        var result = new byte[length];
        for (var i = 0; i < length; i++)
        {
            result[i] = block[i % block.Length];
        }

        return result;
    }

    // 22 e: octets in the order 0 21 42, 22 43 1, 44 2 23, ..., 63; six bits a character, the lowest first.
    private static string Encode(byte[] digest)
    {
        var text = new StringBuilder(86);
        var (a, b, c) = (0, 21, 42);
        for (var i = 0; i < Length / 3; i++)
        {
            Append((digest[a] << 16) | (digest[b] << 8) | digest[c], 4);
            (a, b, c) = (b + 1, c + 1, a + 1);
        }

        Append(digest[Length - 1], 2);
        return text.ToString();

        void Append(int bits, int count)
        {
            for (; count > 0; count--, bits >>= 6)
            {
                text.Append(Alphabet[bits & 0x3F]);
            }
        }
    }
}
