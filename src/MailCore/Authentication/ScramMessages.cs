using System.Buffers.Text;
using System.Text;

namespace MailCore.Authentication;

/// <summary>What a client begins SCRAM with (RFC 5802 7).</summary>
internal sealed record ScramClientFirst
{
    private const int MaxNonce = 256;

    /// <summary>The header that the channel binding is about, with its last comma.</summary>
    public required string Header { get; init; }

    /// <summary>'n': the client can't bind; 'y': it can and thinks that we can't; 'p': it binds.</summary>
    public required char Flag { get; init; }

    /// <summary>The type of binding; empty unless <see cref="Flag"/> is 'p'.</summary>
    public required string Binding { get; init; }

    /// <summary>For whom the client wants to act; empty for itself.</summary>
    public required string Authorization { get; init; }

    /// <summary>All that follows the header.</summary>
    public required string Bare { get; init; }

    public required string User { get; init; }

    public required string Nonce { get; init; }

    public static ScramClientFirst? Parse(ReadOnlySpan<byte> octets)
    {
        if (!ScramText.TryDecode(octets, out var text) || text.Split(',', 3) is not [var flag, var authorization, var bare]
            || !TryParseFlag(flag, out var binding) || !TryParseAuthorization(authorization, out var other))
        {
            return null;
        }

        var attributes = bare.Split(',');
        if (attributes.Length < 2 || !attributes[0].StartsWith("n=", StringComparison.Ordinal) || !attributes[1].StartsWith("r=", StringComparison.Ordinal)
            || !ScramText.AreExtensions(attributes.AsSpan(2)) || !ScramText.TryDecodeName(attributes[0][2..], out var user)
            || !IsNonce(attributes[1].AsSpan(2)))
        {
            return null;
        }

        return new ScramClientFirst
        {
            Header = text[..^bare.Length],
            Flag = flag[0],
            Binding = binding,
            Authorization = other,
            Bare = bare,
            User = user,
            Nonce = attributes[1][2..],
        };
    }

    private static bool TryParseFlag(string flag, out string binding)
    {
        binding = flag.StartsWith("p=", StringComparison.Ordinal) ? flag[2..] : "";
        return flag is "n" or "y" || (binding.Length > 0 && binding.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-'));
    }

    private static bool TryParseAuthorization(string text, out string name)
    {
        name = "";
        return text.Length == 0 || (text.StartsWith("a=", StringComparison.Ordinal) && ScramText.TryDecodeName(text[2..], out name));
    }

    private static bool IsNonce(ReadOnlySpan<char> nonce) => nonce.Length is > 0 and <= MaxNonce && !nonce.ContainsAnyExceptInRange('!', '~');
}

/// <summary>What a client ends SCRAM with.</summary>
internal sealed record ScramClientFinal
{
    /// <summary>Header and data of the channel binding.</summary>
    public required byte[] Binding { get; init; }

    public required string Nonce { get; init; }

    /// <summary>The message up to its proof.</summary>
    public required string WithoutProof { get; init; }

    public required byte[] Proof { get; init; }

    public static ScramClientFinal? Parse(ReadOnlySpan<byte> octets)
    {
        if (!ScramText.TryDecode(octets, out var text))
        {
            return null;
        }

        var attributes = text.Split(',');
        if (attributes.Length < 3 || !attributes[0].StartsWith("c=", StringComparison.Ordinal) || !attributes[1].StartsWith("r=", StringComparison.Ordinal)
            || !attributes[^1].StartsWith("p=", StringComparison.Ordinal) || !ScramText.AreExtensions(attributes.AsSpan(2..^1))
            || !Base64.IsValid(attributes[0].AsSpan(2)) || !Base64.IsValid(attributes[^1].AsSpan(2)))
        {
            return null;
        }

        return new ScramClientFinal
        {
            Binding = Convert.FromBase64String(attributes[0][2..]),
            Nonce = attributes[1][2..],
            WithoutProof = text[..^(attributes[^1].Length + 1)],
            Proof = Convert.FromBase64String(attributes[^1][2..]),
        };
    }
}

/// <summary>The small forms of GS2 and SCRAM (RFC 5801 4, RFC 5802 7).</summary>
internal static class ScramText
{
    private const int MaxName = 255;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static bool TryDecode(ReadOnlySpan<byte> octets, out string text)
    {
        text = "";
        if (octets.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(octets))
        {
            return false;
        }

        text = Strict.GetString(octets);
        return true;
    }

    /// <summary>A saslname: comma and equals sign are written =2C and =3D.</summary>
    public static bool TryDecodeName(string text, out string name)
    {
        name = text.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        var escapes = text.AsSpan().Count('=');
        return text.Length is > 0 and <= MaxName && !text.Any(char.IsControl)
            && escapes == CountOf(text, "=2C") + CountOf(text, "=3D");
    }

    /// <summary>Whether these are optional extensions, which mean nothing here. One that must be understood starts with "m".</summary>
    public static bool AreExtensions(ReadOnlySpan<string> attributes)
    {
        foreach (var attribute in attributes)
        {
            if (attribute.Length < 3 || !char.IsAsciiLetter(attribute[0]) || attribute[0] == 'm' || attribute[1] != '=')
            {
                return false;
            }
        }

        return true;
    }

    private static int CountOf(string text, string part) => (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length;
}
