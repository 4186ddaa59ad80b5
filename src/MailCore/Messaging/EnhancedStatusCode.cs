using System.Globalization;

namespace MailCore.Messaging;

/// <summary>The three numbers of RFC 3463: class 2, 4 or 5, subject 0 to 999, detail 0 to 999.</summary>
public readonly record struct EnhancedStatusCode(int Class, int Subject, int Detail)
{
    /// <summary>Reads "5.1.1".</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out EnhancedStatusCode code)
    {
        code = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '.') != 3
            || !TryNumber(text[parts[0]], out var first) || first is not (2 or 4 or 5)
            || !TryNumber(text[parts[1]], out var second)
            || !TryNumber(text[parts[2]], out var third))
        {
            return false;
        }

        code = new EnhancedStatusCode(first, second, third);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Class}.{Subject}.{Detail}");

    private static bool TryNumber(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        return text.Length is >= 1 and <= 3
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
