using System.Text;
using System.Text.RegularExpressions;

namespace MailCore.Testing;

/// <summary>How a script's client octets are cut into writes. The server's answers must not depend on it.</summary>
public enum ScriptPlay
{
    /// <summary>All lines up to the next expectation in one write.</summary>
    Whole,

    /// <summary>One write per line.</summary>
    Line,

    /// <summary>One write per octet.</summary>
    Byte,
}

/// <summary>
/// A dialog between one or more clients and a server, written down as text: what each client sends and what it must read. The
/// format is described in docs/testing.md.
/// </summary>
public sealed class ProtocolScript
{
    internal ProtocolScript(string file, IReadOnlyList<KeyValuePair<string, string>> headers, IReadOnlyList<ScriptStep> steps) =>
        (File, Headers, Steps) = (file, headers, steps);

    /// <summary>Named in failure messages.</summary>
    public string File { get; }

    /// <summary>The lines <c># key: value</c> in order, keys in lower case.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>From <c># title:</c>; the file's name where there is none.</summary>
    public string Title => Header("title").FirstOrDefault() ?? Path.GetFileNameWithoutExtension(File);

    /// <summary>The words of all <c># server:</c> lines.</summary>
    public ScriptWords Server => field ??= new ScriptWords([.. Header("server").SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))]);

    /// <summary>From <c># covers: NAME effect</c> and <c># covers: NAME refusal</c>.</summary>
    public IReadOnlyList<ScriptCoverage> Covers => field ??= [.. Header("covers").Select(ToCoverage)];

    /// <summary>The ways the script may be played: all of them, or those named by <c># play:</c> where the cutting matters.</summary>
    public IReadOnlyList<ScriptPlay> Plays => field ??= Header("play").FirstOrDefault() is { } named
        ? [.. named.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => Enum.Parse<ScriptPlay>(word, ignoreCase: true))]
        : [ScriptPlay.Whole, ScriptPlay.Line, ScriptPlay.Byte];

    internal IReadOnlyList<ScriptStep> Steps { get; }

    /// <summary>Reads a script.</summary>
    /// <exception cref="ScriptFailureException">It has a line of no known form.</exception>
    public static ProtocolScript Parse(string text, string file)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(file);
        return new ScriptParser(text, file).Parse();
    }

    /// <summary>Reads a script from a UTF-8 file.</summary>
    /// <exception cref="ScriptFailureException">It has a line of no known form.</exception>
    public static ProtocolScript Load(string path) => Parse(System.IO.File.ReadAllText(path, Encoding.UTF8), path);

    /// <summary>The values of all header lines with this key.</summary>
    public IEnumerable<string> Header(string key) => Headers.Where(header => header.Key == key).Select(static header => header.Value);

    /// <summary>Octets written with the script's escapes, as in a <c># message:</c> header.</summary>
    public static byte[] Unescape(string text) => ScriptText.Unescape(text, out _);

    /// <summary>
    /// Plays the dialog. At its end each client stops sending, and the server must close without another octet; what escapes from
    /// <see cref="ScriptPeer.Session"/>, broken I/O apart, fails the script too.
    /// </summary>
    /// <param name="play">How client octets are cut.</param>
    /// <param name="connect">Makes a connection when a session says its first word; "C" is the name of the unnamed one.</param>
    /// <param name="limit">Ends a dialog that hangs; a minute by default.</param>
    /// <exception cref="ScriptFailureException">The server answered otherwise; the message has file, line and transcript.</exception>
    public async Task RunAsync(ScriptPlay play, Func<string, Task<ScriptPeer>> connect, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(connect);
        using var hang = new CancellationTokenSource(limit ?? TimeSpan.FromMinutes(1));
        await using var player = new ScriptPlayer(this, play, connect, hang.Token);
        await player.RunAsync().ConfigureAwait(false);
    }

    private ScriptCoverage ToCoverage(string line)
    {
        var space = line.LastIndexOf(' ');
        return space > 0 && line[(space + 1)..] is ("effect" or "refusal") and var kind
            ? new ScriptCoverage(line[..space].Trim(), kind == "refusal")
            : throw new ScriptFailureException($"{File}: \"# covers: {line}\" does not end in effect or refusal.");
    }
}

/// <summary>What a script shows of an announced capability or keyword.</summary>
/// <param name="Name">As announced.</param>
/// <param name="IsRefusal">That it is refused where it must be, rather than that it works.</param>
public sealed record ScriptCoverage(string Name, bool IsRefusal);

/// <summary>Set-up words of a script: bare words and key=value pairs.</summary>
public sealed class ScriptWords(IReadOnlyList<string> words)
{
    /// <summary>All of them in order.</summary>
    public IReadOnlyList<string> All { get; } = words;

    /// <summary>Whether a bare word stands there.</summary>
    public bool Has(string word) => All.Contains(word);

    /// <summary>The last value given for a key, or null.</summary>
    public string? Value(string key) => Values(key).LastOrDefault();

    /// <summary>All values given for a key.</summary>
    public IEnumerable<string> Values(string key) =>
        All.Where(word => word.StartsWith(key + "=", StringComparison.Ordinal)).Select(word => word[(key.Length + 1)..]);

    /// <summary>The keys and bare words that are none of these: a set-up class refuses what it does not know.</summary>
    public IEnumerable<string> Except(params IEnumerable<string> known) => All.Select(static word => word.Split('=')[0]).Except(known);
}

/// <summary>A script that cannot be read or whose dialog went otherwise.</summary>
public sealed class ScriptFailureException : Exception
{
    /// <summary>With all there is to say.</summary>
    public ScriptFailureException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

internal abstract record ScriptStep(int Line, string Session);

internal sealed record SendStep(int Line, string Session, string Text) : ScriptStep(Line, Session);

internal sealed record RepeatStep(int Line, string Session, int Count, string Text) : ScriptStep(Line, Session);

internal sealed record OctetsStep(int Line, string Session, byte[] Octets) : ScriptStep(Line, Session);

internal sealed record ExpectStep(int Line, string Session, string Text) : ScriptStep(Line, Session);

internal sealed record MatchStep(int Line, string Session, Regex Pattern) : ScriptStep(Line, Session);

internal sealed record SkipStep(int Line, string Session, string Prefix) : ScriptStep(Line, Session);

internal sealed record ControlStep(int Line, string Session, string Word) : ScriptStep(Line, Session);
