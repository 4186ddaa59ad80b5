using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailCore.Storage;

/// <summary>
/// The full name of a mailbox in Unicode, hierarchy levels separated by '/'. The first level "INBOX" is understood in any case
/// (RFC 9051 5.1) and kept in capitals; everything else compares ordinally. Has no empty level, control character, line or
/// paragraph separator or lone surrogate.
/// </summary>
public readonly struct MailboxName : IEquatable<MailboxName>
{
    /// <summary>Octets of a whole name in UTF-8, at the most.</summary>
    public const int MaxOctets = 1000;

    /// <summary>Between two levels.</summary>
    public const char Separator = '/';

    private readonly string? _value;

    private MailboxName(string value) => _value = value;

    /// <summary>The mailbox that every account has.</summary>
    public static MailboxName Inbox { get; } = new("INBOX");

    /// <summary>The text; empty only for the default value.</summary>
    public string Value => _value ?? "";

    /// <summary>Whether this is the inbox itself.</summary>
    public bool IsInbox => Value == Inbox.Value;

    /// <summary>The name one level up, or null at the top.</summary>
    public MailboxName? Parent => Value.LastIndexOf(Separator) is >= 0 and var cut ? new MailboxName(Value[..cut]) : null;

    /// <summary>Parses or throws <see cref="FormatException"/>.</summary>
    public static MailboxName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException("This is not a mailbox name.");

    /// <summary>Validates a name and puts INBOX into capitals.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MailboxName name)
    {
        name = default;
        if (string.IsNullOrEmpty(text) || text[0] == Separator || text[^1] == Separator
            || text.Length > MaxOctets || text.Contains("//", StringComparison.Ordinal) || !IsText(text))
        {
            return false;
        }

        var isInbox = text.StartsWith("INBOX", StringComparison.OrdinalIgnoreCase) && (text.Length == 5 || text[5] == Separator);
        name = new MailboxName(isInbox ? string.Concat("INBOX", text.AsSpan(5)) : text);
        return true;
    }

    /// <summary>Whether this name lies at any depth below <paramref name="ancestor"/>.</summary>
    public bool IsBelow(MailboxName ancestor) =>
        Value.Length > ancestor.Value.Length && Value[ancestor.Value.Length] == Separator && Value.StartsWith(ancestor.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public bool Equals(MailboxName other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is MailboxName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Same name.</summary>
    public static bool operator ==(MailboxName left, MailboxName right) => left.Equals(right);

    /// <summary>Another name.</summary>
    public static bool operator !=(MailboxName left, MailboxName right) => !left.Equals(right);

    private static bool IsText(ReadOnlySpan<char> text)
    {
        var octets = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != System.Buffers.OperationStatus.Done
                || Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029)
            {
                return false;
            }

            octets += rune.Utf8SequenceLength;
            text = text[consumed..];
        }

        return octets <= MaxOctets;
    }
}
