using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Tests.Authentication;

/// <summary>A client's side of a SASL mechanism, written from the RFCs and not from the server.</summary>
internal abstract class ClientMechanism(string name)
{
    public string Name => name;

    /// <summary>Null where the server speaks first.</summary>
    public virtual byte[]? Initial() => null;

    public virtual byte[] Respond(byte[] challenge) => throw new InvalidOperationException($"{name} expects no challenge, got {Encoding.UTF8.GetString(challenge)}");

    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>One message and nothing else; what a refusal's challenge is answered with may be given.</summary>
internal sealed class OneMessage(string name, string message, string afterRefusal = "") : ClientMechanism(name)
{
    private bool _isSent;

    public override byte[]? Initial()
    {
        _isSent = true;
        return Utf8(message);
    }

    public override byte[] Respond(byte[] challenge)
    {
        var answer = _isSent ? afterRefusal : message;
        _isSent = true;
        return Utf8(answer);
    }

    public static OneMessage Plain(string user, string password, string authorization = "") => new("PLAIN", $"{authorization}\0{user}\0{password}");

    public static OneMessage OAuthBearer(string user, string token) => new("OAUTHBEARER", $"n,a={user},\u0001host=mx.example.org\u0001port=993\u0001auth=Bearer {token}\u0001\u0001", "\u0001");

    public static OneMessage XOAuth2(string user, string token) => new("XOAUTH2", $"user={user}\u0001auth=Bearer {token}\u0001\u0001");
}

internal sealed class ClientLogin(string user, string password) : ClientMechanism("LOGIN")
{
    public override byte[] Respond(byte[] challenge) => Encoding.ASCII.GetString(challenge) switch
    {
        "Username:" => Utf8(user),
        "Password:" => Utf8(password),
        var other => throw new InvalidOperationException(other),
    };
}

internal sealed class ClientCramMd5(string user, string password) : ClientMechanism("CRAM-MD5")
{
    public override byte[] Respond(byte[] challenge) => Utf8($"{user} {Convert.ToHexStringLower(CryptographicOperations.HmacData(HashAlgorithmName.MD5, Utf8(password), challenge))}");
}

/// <summary>RFC 5802, client side. The binding is the type's name and its data; null for a client that can't bind.</summary>
internal sealed class ClientScram(string name, string user, string password) : ClientMechanism(name)
{
    private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(15));
    private string? _bare;
    private byte[]? _expected;

    /// <summary>Before the user name, with both commas.</summary>
    public string Header { get; init; } = "n,,";

    public byte[] Binding { get; init; } = [];

    public string Nonce { get => field ?? _nonce; init; }

    /// <summary>The server has proved that it has keys made from the password.</summary>
    public bool IsServerProved { get; private set; }

    public string? ServerFirst { get; private set; }

    /// <summary>Changes the message before the proof is made.</summary>
    public Func<string, string> Alter { get; init; } = static final => final;

    private HashAlgorithmName Hash => Name.Contains("256", StringComparison.Ordinal) ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;

    public override byte[] Initial()
    {
        _bare = $"n={user.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal)},r={Nonce}";
        return Utf8(Header + _bare);
    }

    public override byte[] Respond(byte[] challenge)
    {
        var text = Encoding.UTF8.GetString(challenge);
        if (_bare is null)
        {
            return Initial();
        }

        if (text.StartsWith("v=", StringComparison.Ordinal))
        {
            IsServerProved = _expected is not null && text[2..] == Convert.ToBase64String(_expected);
            return [];
        }

        ServerFirst = text;
        var parts = text.Split(',').ToDictionary(static part => part[0], static part => part[2..]);
        var length = Hash == HashAlgorithmName.SHA256 ? 32 : 20;
        var salted = Rfc2898DeriveBytes.Pbkdf2(Utf8(password), Convert.FromBase64String(parts['s']), int.Parse(parts['i'], CultureInfo.InvariantCulture), Hash, length);
        var final = Alter($"c={Convert.ToBase64String([.. Utf8(Header), .. Binding])},r={parts['r']}");
        var message = Utf8($"{_bare},{text},{final}");
        var key = CryptographicOperations.HmacData(Hash, salted, Utf8("Client Key"));
        var signature = CryptographicOperations.HmacData(Hash, CryptographicOperations.HashData(Hash, key), message);
        _expected = CryptographicOperations.HmacData(Hash, CryptographicOperations.HmacData(Hash, salted, Utf8("Server Key")), message);
        return Utf8($"{final},p={Convert.ToBase64String([.. key.Zip(signature, static (a, b) => (byte)(a ^ b))])}");
    }
}
