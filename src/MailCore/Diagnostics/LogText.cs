namespace MailCore.Diagnostics;

/// <summary>Text from outside on its way into a log.</summary>
internal static class LogText
{
    private const int MaxLength = 320;

    /// <summary>Controls become '?', and nothing longer than an address is kept.</summary>
    public static string Clean(string text)
    {
        var kept = text.Length > MaxLength ? text.AsSpan(0, MaxLength) : text;
        return string.Create(kept.Length, text, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? '?' : from[i];
            }
        });
    }
}
