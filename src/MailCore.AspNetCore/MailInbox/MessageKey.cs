using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Where a message is: its id in the API. Clients are not to look into it; what they send is checked.</summary>
internal readonly record struct MessageKey(AccountId Account, MailboxId Mailbox, Uid Uid)
{
    public override string ToString() => OpaqueText.Encode(Account.Value, Mailbox.Value, Uid.ToString());

    public static bool TryParse(string? text, out MessageKey key)
    {
        key = default;
        if (!OpaqueText.TryDecode(text, 3, out var words)
            || !uint.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var uid) || uid == 0)
        {
            return false;
        }

        key = new MessageKey(new AccountId(words[0]), new MailboxId(words[1]), new Uid(uid));
        return true;
    }
}

/// <summary>The last message of a page: the next one begins behind it. Messages stand by the second in which they came, then by where they are.</summary>
internal readonly record struct PageCursor(long Seconds, MessageKey Key) : IComparable<PageCursor>
{
    public override string ToString() =>
        OpaqueText.Encode(Seconds.ToString(CultureInfo.InvariantCulture), Key.Account.Value, Key.Mailbox.Value, Key.Uid.ToString());

    public static bool TryParse(string? text, out PageCursor cursor)
    {
        cursor = default;
        if (!OpaqueText.TryDecode(text, 4, out var words)
            || !long.TryParse(words[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            || !uint.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var uid))
        {
            return false;
        }

        cursor = new PageCursor(seconds, new MessageKey(new AccountId(words[1]), new MailboxId(words[2]), new Uid(uid)));
        return true;
    }

    public int CompareTo(PageCursor other)
    {
        var order = Seconds.CompareTo(other.Seconds);
        order = order != 0 ? order : string.CompareOrdinal(Key.Account.Value, other.Key.Account.Value);
        order = order != 0 ? order : string.CompareOrdinal(Key.Mailbox.Value, other.Key.Mailbox.Value);
        return order != 0 ? order : Key.Uid.CompareTo(other.Key.Uid);
    }
}

/// <summary>Words as one that fits into a URL.</summary>
internal static class OpaqueText
{
    private const int MaxLength = 2048;
    private const char Separator = '\0';

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Encode(params ReadOnlySpan<string> words) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join(Separator, words!)));

    public static bool TryDecode(string? text, int count, [NotNullWhen(true)] out string[]? words)
    {
        words = null;
        if (text is null or { Length: > MaxLength } || !Base64Url.IsValid(text))
        {
            return false;
        }

        try
        {
            words = Strict.GetString(Base64Url.DecodeFromChars(text)).Split(Separator);
            return words.Length == count;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            return false;
        }
    }
}
