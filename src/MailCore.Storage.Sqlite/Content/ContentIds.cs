using System.Globalization;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>Content ids as text.</summary>
internal static class ContentIds
{
    public static ContentId Format(long number) => new(number.ToString(CultureInfo.InvariantCulture));

    public static bool TryParse(ContentId id, out long number) => long.TryParse(id.Value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
