using System.Text;

namespace MailCore.Authentication;

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
