using System.Globalization;
using System.Text;

namespace MailCore.Interchange;

/// <summary>The line before each message of an mbox (RFC 4155): "From ", an address, a date as asctime writes it.</summary>
internal static class MboxSeparator
{
    private const string DateFormat = "ddd MMM d HH:mm:ss yyyy";

    public static bool Is(ReadOnlySpan<byte> line) => line.StartsWith("From "u8);

    /// <summary>Whether a line is quoted, so that it is no separator: "From " behind one '>' or more.</summary>
    public static bool IsQuoted(ReadOnlySpan<byte> line) => line.Length > 0 && line[0] == (byte)'>' && Is(line.TrimStart((byte)'>'));

    /// <summary>The date in UTC, or null when there is none that can be read.</summary>
    public static DateTimeOffset? Date(ReadOnlySpan<byte> line)
    {
        var words = Encoding.Latin1.GetString(line).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (var i = 1; i + 5 <= words.Length; i++)
        {
            if (DateTimeOffset.TryParseExact(string.Join(' ', words[i..(i + 5)]), DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
            {
                return date;
            }
        }

        return null;
    }

    public static string Format(DateTimeOffset date) =>
        string.Create(CultureInfo.InvariantCulture, $"From MAILER-DAEMON {date.UtcDateTime.ToString("ddd MMM ", CultureInfo.InvariantCulture)}{date.UtcDateTime.Day,2}{date.UtcDateTime.ToString(" HH:mm:ss yyyy", CultureInfo.InvariantCulture)}\n");
}
