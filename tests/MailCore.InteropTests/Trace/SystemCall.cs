using System.Text.RegularExpressions;

namespace MailCore.InteropTests.Trace;

/// <summary>
/// One system call of an strace log (-f -y). The log is in the order of events: a call begins at one line and, when another thread's
/// came between, ends at a later one.
/// </summary>
/// <param name="Begin">The line at which it began.</param>
/// <param name="End">The line at which it had returned.</param>
/// <param name="Name">Such as "pwrite64".</param>
/// <param name="Path">What its first argument's descriptor, or an openat that succeeded, refers to; null for none.</param>
/// <param name="Text">All arguments, as strace writes them.</param>
/// <param name="Succeeded">It returned no error.</param>
internal sealed partial record SystemCall(int Begin, int End, string Name, string? Path, string Text, bool Succeeded)
{
    private const string Unfinished = " <unfinished ...>";

    /// <summary>Writes to what <see cref="Path"/> names.</summary>
    public bool IsWrite => Name is "write" or "writev" or "pwrite64" or "pwritev" or "pwritev2";

    /// <summary>Brought what <see cref="Path"/> names to stable storage.</summary>
    public bool IsFlush => Name is "fsync" or "fdatasync" && Succeeded;

    /// <summary>Says something to a client.</summary>
    public bool IsSend => Path?.StartsWith("socket:", StringComparison.Ordinal) is true && (IsWrite || Name is "sendto" or "sendmsg");

    public static List<SystemCall> Parse(IEnumerable<string> lines)
    {
        var calls = new List<SystemCall>();
        var unfinished = new Dictionary<string, (int Begin, string Text)>();
        foreach (var (index, line) in lines.Index())
        {
            var cut = line.IndexOf(' ', StringComparison.Ordinal);
            if (cut < 0)
                continue;

            var (thread, text) = (line[..cut], line[cut..].TrimStart());
            if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                unfinished[thread] = (index, text[..^Unfinished.Length]);
            }
            else if (Resumed().Match(text) is { Success: true } resumed)
            {
                if (unfinished.Remove(thread, out var start) && Read(start.Begin, index, start.Text + resumed.Groups[1].Value) is { } call)
                    calls.Add(call);
            }
            else if (Read(index, index, text) is { } call)
            {
                calls.Add(call);
            }
        }

        calls.Sort(static (a, b) => a.Begin.CompareTo(b.Begin));
        return calls;
    }

    private static SystemCall? Read(int begin, int end, string text)
    {
        if (Call().Match(text) is not { Success: true } call)
            return null;

        var name = call.Groups["name"].Value;
        var result = call.Groups["result"].Value;
        var path = name == "openat"
            ? Descriptor().Match(result) is { Success: true } opened ? opened.Groups[1].Value : null
            : Descriptor().Match(call.Groups["arguments"].Value) is { Success: true } first ? first.Groups[1].Value : null;
        return new SystemCall(begin, end, name, path, call.Groups["arguments"].Value, !result.StartsWith('-') && result != "?");
    }

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>(.*)$", RegexOptions.Singleline)]
    private static partial Regex Resumed();

    // The arguments may hold anything, the result nothing with an equals sign before it.
    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*)\)\s+= (?<result>-?\d+.*|\?.*)$", RegexOptions.Singleline)]
    private static partial Regex Call();

    [GeneratedRegex(@"^\d+<([^>]*)>")]
    private static partial Regex Descriptor();
}
