using System.Globalization;
using System.Text;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// The header of a message in an mbox. Fields that mail programs keep there for themselves tell flags, UID and UIDVALIDITY, and are no
/// part of the message.
/// </summary>
internal sealed class MboxHeader
{
    private static readonly string[] Own = ["Status", "X-Status", "X-Keywords", "X-UID", "X-IMAPbase", "X-IMAP"];

    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);
    private string? _current;

    public bool IsPseudoMessage => _fields.ContainsKey("X-IMAP");

    public (uint UidValidity, uint LastUid)? Base
    {
        get
        {
            var words = (_fields.GetValueOrDefault("X-IMAPbase") ?? _fields.GetValueOrDefault("X-IMAP"))?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words is [var validity, var last, ..] && Number(validity) is > 0 and { } uidValidity && Number(last) is { } lastUid ? (uidValidity, lastUid) : null;
        }
    }

    public uint? Uid => Number(_fields.GetValueOrDefault("X-UID"));

    public SystemFlags Flags
    {
        get
        {
            var letters = _fields.GetValueOrDefault("Status") + _fields.GetValueOrDefault("X-Status");
            var flags = SystemFlags.None;
            foreach (var letter in letters)
            {
                flags |= letter switch
                {
                    'R' => SystemFlags.Seen,
                    'A' => SystemFlags.Answered,
                    'F' => SystemFlags.Flagged,
                    'D' => SystemFlags.Deleted,
                    'T' => SystemFlags.Draft,
                    _ => SystemFlags.None,
                };
            }

            return flags;
        }
    }

    public IReadOnlyList<string> Keywords =>
        [.. (_fields.GetValueOrDefault("X-Keywords") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(ImportedMessage.IsKeyword)];

    /// <summary>Looks at a line of the header; false when it is not part of the message.</summary>
    public bool Keeps(ReadOnlySpan<byte> line)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            if (_current is not null)
            {
                _fields[_current] += " " + Encoding.UTF8.GetString(line).Trim();
            }

            return _current is null;
        }

        var colon = line.IndexOf((byte)':');
        var name = colon > 0 ? Encoding.Latin1.GetString(line[..colon]) : "";
        _current = Own.FirstOrDefault(own => own.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (_current is null)
        {
            return true;
        }

        _fields[_current] = Encoding.UTF8.GetString(line[(colon + 1)..]).Trim();
        return false;
    }

    /// <summary>The fields for a message, with LF.</summary>
    public static string Format(MailboxInfo info, MailboxRow row, bool isFirst)
    {
        var text = new StringBuilder();
        if (isFirst)
        {
            text.Append(CultureInfo.InvariantCulture, $"X-IMAPbase: {info.UidValidity} {info.UidNext.Value - 1}\n");
        }

        var flags = row.Flags;
        text.Append(CultureInfo.InvariantCulture, $"X-UID: {row.Uid}\n");
        text.Append(CultureInfo.InvariantCulture, $"Status: {(flags.HasFlag(SystemFlags.Seen) ? "RO" : "O")}\n");
        var letters = string.Concat(
            flags.HasFlag(SystemFlags.Answered) ? "A" : "",
            flags.HasFlag(SystemFlags.Deleted) ? "D" : "",
            flags.HasFlag(SystemFlags.Flagged) ? "F" : "",
            flags.HasFlag(SystemFlags.Draft) ? "T" : "");
        if (letters.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"X-Status: {letters}\n");
        }

        var keywords = info.Keywords.Where((_, index) => (row.FlagWord >> (8 + index) & 1) != 0).ToList();
        if (keywords.Count > 0)
        {
            text.Append("X-Keywords: ").AppendJoin(' ', keywords).Append('\n');
        }

        return text.ToString();
    }

    private static uint? Number(string? text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
