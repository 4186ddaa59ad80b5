using System.Globalization;

namespace MailCore.Storage;

/// <summary>Sizes as operators write them: octets, or with B, K, M, G or T for powers of 1,024, as in Dovecot.</summary>
public static class QuotaSize
{
    /// <summary>Reads one; zero or more, and null for 0 and "none", which are no limit.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long? octets)
    {
        octets = null;
        text = text.Trim();
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var factor = 1L;
        if (!text.IsEmpty && !char.IsAsciiDigit(text[^1]))
        {
            factor = char.ToUpperInvariant(text[^1]) switch
            {
                'B' => 1,
                'K' => 1L << 10,
                'M' => 1L << 20,
                'G' => 1L << 30,
                'T' => 1L << 40,
                _ => 0,
            };
            text = text[..^1];
        }

        if (factor == 0 || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > long.MaxValue / factor)
        {
            return false;
        }

        octets = number == 0 ? null : number * factor;
        return true;
    }
}
