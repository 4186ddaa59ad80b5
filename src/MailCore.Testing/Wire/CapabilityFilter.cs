using System.Text;
using MailCore.Testing.Faults;

namespace MailCore.Testing.Wire;

/// <summary>Takes capabilities out of a server's announcements, and remembers which this client was not told of.</summary>
internal sealed class CapabilityFilter(TestProtocol protocol)
{
    private readonly HashSet<string> _hidden = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The SMTP or POP3 command that is being answered.</summary>
    public string Command { get; set; } = "";

    public ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> octets, Func<string, bool> hides, bool isIdle)
    {
        if (isIdle || !IsAnnouncement(octets.Span))
        {
            return octets;
        }

        var lines = Encoding.Latin1.GetString(octets.Span).Split("\r\n");
        var kept = protocol == TestProtocol.Imap ? [.. lines.Select(line => Keep(line, hides))] : KeepLines(lines, hides);
        return Encoding.Latin1.GetBytes(string.Join("\r\n", kept));
    }

    /// <summary>The command of something hidden.</summary>
    public bool Refuses(FaultPoint point) =>
        _hidden.Count > 0 && point.Stage == FaultStage.Command
        && (_hidden.Contains(point.Verb) || (point.Verb == "BDAT" && _hidden.Contains("CHUNKING"))
            || (point.Verb.StartsWith("UID ", StringComparison.Ordinal) && _hidden.Contains(point.Verb[4..]))
            || (point.Verb is "AUTH" or "AUTHENTICATE" && point.Text.Split(' ') is [_, var mechanism, ..] && _hidden.Contains($"AUTH={mechanism}")));

    /// <summary>What servers say to commands that they do not know.</summary>
    public static FaultEffect Refusal(FaultPoint point) => new()
    {
        ReplyLine = point.Protocol switch
        {
            TestProtocol.Imap => "BAD Unknown command",
            TestProtocol.Pop3 => "-ERR Unknown command",
            _ => "502 5.5.1 Command not implemented",
        },
    };

    private bool IsAnnouncement(ReadOnlySpan<byte> octets) => protocol switch
    {
        TestProtocol.Imap => octets.IndexOf("* CAPABILITY "u8) >= 0 || octets.IndexOf("OK [CAPABILITY "u8) >= 0,
        TestProtocol.Pop3 => octets.StartsWith("+OK"u8) && octets.EndsWith("\r\n.\r\n"u8),
        _ => octets.StartsWith("250"u8) && Command is "EHLO" or "LHLO",
    };

    // The first line is the server's name or +OK; SMTP marks the last by a space.
    private List<string> KeepLines(string[] lines, Func<string, bool> hides)
    {
        var isSmtp = protocol == TestProtocol.Smtp;
        var kept = new List<string> { lines[0] };
        foreach (var line in lines.Skip(1))
        {
            var text = isSmtp && line.Length > 4 ? line[4..] : line;
            var words = text.Split(' ');
            if (text.Length <= 1 || !Hide(words[0], hides))
            {
                kept.Add(isSmtp && words[0] is "AUTH" ? line[..4] + string.Join(' ', words.Where(word => word == "AUTH" || !Hide($"AUTH={word}", hides))) : line);
            }
        }

        if (isSmtp && kept.FindLastIndex(static line => line.Length > 3) is >= 0 and var last)
        {
            kept[last] = $"{kept[last][..3]} {kept[last][4..]}";
        }

        return kept;
    }

    private string Keep(string line, Func<string, bool> hides)
    {
        // A message may hold the word too.
        var begin = line.IndexOf("CAPABILITY ", StringComparison.Ordinal);
        if (begin < 0 || (begin != 2 && line.IndexOf(" OK [CAPABILITY ", StringComparison.Ordinal) is < 0 or > 30))
        {
            return line;
        }

        begin += "CAPABILITY ".Length;
        var close = line.IndexOf(']', begin);
        var end = close < 0 ? line.Length : close;
        var names = line[begin..end].Split(' ').Where(name => !Hide(name, hides));
        return $"{line[..begin]}{string.Join(' ', names)}{line[end..]}";
    }

    private bool Hide(string name, Func<string, bool> hides)
    {
        var isHidden = hides(name);
        if (isHidden)
        {
            _hidden.Add(name);
        }

        return isHidden;
    }
}
