using System.Globalization;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>Mailbox numbers as RFC 8474 object ids.</summary>
internal static class MailboxNumbers
{
    private const char Prefix = 'm';

    public static MailboxId Format(long number) => new(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}"));

    /// <summary>The number, or 0, which no mailbox has.</summary>
    public static long Parse(MailboxId id) =>
        id.Value is [Prefix, _, ..] && long.TryParse(id.Value.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
