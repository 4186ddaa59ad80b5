using System.Globalization;
using System.Numerics;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal sealed partial class ImapWriter
{
    private static readonly string[] MonthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    /// <summary>A message's flags in parentheses.</summary>
    public ImapWriter Flags(ulong flagWord, bool isRecent, IReadOnlyList<string> keywords)
    {
        Raw("("u8);
        var isFirst = true;
        foreach (var (flag, name) in Wire.FlagNames.System)
        {
            if ((flagWord & (ulong)flag) != 0)
            {
                Raw(isFirst ? "\\"u8 : " \\"u8).Raw(name);
                isFirst = false;
            }
        }

        if (isRecent)
        {
            Raw(isFirst ? "\\Recent"u8 : " \\Recent"u8);
            isFirst = false;
        }

        for (var bits = flagWord >> 8; bits != 0; bits &= bits - 1)
        {
            var index = BitOperations.TrailingZeroCount(bits);
            if (index < keywords.Count)
            {
                Raw(isFirst ? ""u8 : " "u8).Raw(keywords[index]);
                isFirst = false;
            }
        }

        return Raw(")"u8);
    }

    /// <summary>All flags there are in a mailbox, in parentheses.</summary>
    public ImapWriter FlagNames(IReadOnlyList<string> keywords) => FlagNames(FlagsKept.All, keywords, ""u8);

    /// <summary>Flags that can be altered, in parentheses, and one more.</summary>
    public ImapWriter FlagNames(FlagsKept alterable, IReadOnlyList<string> keywords, ReadOnlySpan<byte> end)
    {
        Raw("("u8);
        var separator = ""u8;
        foreach (var (flag, name) in Wire.FlagNames.System)
        {
            if (alterable.Flags.HasFlag(flag))
            {
                Raw(separator).Raw("\\"u8).Raw(name);
                separator = " "u8;
            }
        }

        foreach (var keyword in alterable.Keywords ? keywords : [])
        {
            Raw(separator).Raw(keyword);
            separator = " "u8;
        }

        return end.IsEmpty ? Raw(")"u8) : Raw(separator).Raw(end).Raw(")"u8);
    }

    /// <summary>date-time, with its quotes.</summary>
    public ImapWriter DateTime(DateTimeOffset date)
    {
        Span<char> text = stackalloc char[32];
        var zone = date.Offset < TimeSpan.Zero ? '-' : '+';
        var offset = date.Offset.Duration();
        text.TryWrite(
            CultureInfo.InvariantCulture,
            $"\"{date.Day,2}-{MonthNames[date.Month - 1]}-{date.Year:D4} {date.Hour:D2}:{date.Minute:D2}:{date.Second:D2} {zone}{offset.Hours:D2}{offset.Minutes:D2}\"",
            out var length);
        return Raw(text[..length]);
    }

    private ImapWriter Raw(ReadOnlySpan<char> ascii)
    {
        var into = Room(ascii.Length);
        _used += System.Text.Encoding.ASCII.GetBytes(ascii, into);
        return this;
    }
}
