using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace MailCore.Storage;

/// <summary>The target of an expression: text with $1, ${1} or $(1) for groups and $$ for a dollar sign, as in Postfix.</summary>
internal static class AliasTemplate
{
    /// <summary>Puts what each group stands for in its place; false where a dollar sign begins nothing of that.</summary>
    public static bool TryFill(string template, Func<int, string> group, [NotNullWhen(true)] out string? text)
    {
        text = null;
        var filled = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '$')
            {
                filled.Append(template[i]);
            }
            else if (i + 1 < template.Length && template[i + 1] == '$')
            {
                filled.Append(template[++i]);
            }
            else if (TryGroup(template.AsSpan(i + 1), out var number, out var length))
            {
                filled.Append(group(number));
                i += length;
            }
            else
            {
                return false;
            }
        }

        text = filled.ToString();
        return true;
    }

    public static int HighestGroup(string template)
    {
        var highest = 0;
        TryFill(template, number => (highest = Math.Max(highest, number)).ToString(CultureInfo.InvariantCulture), out _);
        return highest;
    }

    private static bool TryGroup(ReadOnlySpan<char> text, out int number, out int length)
    {
        (number, length) = (0, 0);
        var closing = text.IsEmpty ? '\0' : text[0] switch { '{' => '}', '(' => ')', _ => '\0' };
        var digits = closing == '\0' ? text : text[1..];
        var count = digits.IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : digits.Length;
        if (count is 0 or > 2 || (closing != '\0' && (count == digits.Length || digits[count] != closing)))
        {
            return false;
        }

        number = int.Parse(digits[..count], NumberStyles.None, CultureInfo.InvariantCulture);
        length = closing == '\0' ? count : count + 2;
        return true;
    }
}
