using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>The client's side of SCRAM without channel binding (RFC 5802). For one login.</summary>
internal sealed class ScramClient
{
    // Whoever asks for more costs us time on purpose.
    private const int MaxIterations = 1_000_000;
    private const int MinIterations = 1_000;

    private readonly ScramHash _hash;
    private readonly string _password;
    private readonly string _bare;
    private readonly string _nonce;
    private byte[]? _proof;

    public ScramClient(ScramHash hash, string user, string password, string? nonce = null)
    {
        (_hash, _password) = (hash, password);
        _nonce = nonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        var name = SaslPrep.PrepareOrKeep(user).Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);
        _bare = $"n={name},r={_nonce}";
    }

    /// <summary>The first message.</summary>
    public string First => "n,," + _bare;

    /// <summary>The last message, for the server's first; null where that is none, or asks for more work or less than is right.</summary>
    public string? Answer(string challenge)
    {
        if (challenge.Split(',') is not [var nonce, var salt, var count, .. var extensions] || !nonce.StartsWith("r=" + _nonce, StringComparison.Ordinal)
            || nonce.Length <= 2 + _nonce.Length || !salt.StartsWith("s=", StringComparison.Ordinal) || !Base64.IsValid(salt.AsSpan(2)) || salt.Length == 2
            || !count.StartsWith("i=", StringComparison.Ordinal) || !ScramText.AreExtensions(extensions)
            || !int.TryParse(count.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < MinIterations or > MaxIterations)
        {
            return null;
        }

        var prepared = Encoding.UTF8.GetBytes(SaslPrep.PrepareOrKeep(_password));
        var salted = Rfc2898DeriveBytes.Pbkdf2(prepared, Convert.FromBase64String(salt[2..]), iterations, ScramFunctions.Name(_hash), ScramFunctions.Length(_hash));
        var client = ScramFunctions.Mac(_hash, salted, "Client Key"u8);
        var withoutProof = "c=biws," + nonce;
        var signed = Encoding.UTF8.GetBytes($"{_bare},{challenge},{withoutProof}");
        var signature = ScramFunctions.Mac(_hash, ScramFunctions.Digest(_hash, client), signed);
        for (var i = 0; i < client.Length; i++)
        {
            client[i] ^= signature[i];
        }

        _proof = ScramFunctions.Mac(_hash, ScramFunctions.Mac(_hash, salted, "Server Key"u8), signed);
        CryptographicOperations.ZeroMemory(prepared);
        CryptographicOperations.ZeroMemory(salted);
        return $"{withoutProof},p={Convert.ToBase64String(client)}";
    }

    /// <summary>Whether this is the message of a server that knows the password.</summary>
    public bool IsProof(string message) =>
        _proof is not null && message.Split(',')[0] is ['v', '=', .. var proof] && Base64.IsValid(proof)
        && CryptographicOperations.FixedTimeEquals(Convert.FromBase64String(proof), _proof);
}
