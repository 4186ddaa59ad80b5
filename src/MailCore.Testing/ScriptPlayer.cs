using System.Text;
using System.Text.RegularExpressions;

namespace MailCore.Testing;

/// <summary>One playing of one script.</summary>
internal sealed partial class ScriptPlayer(ProtocolScript script, ScriptPlay play, Func<string, Task<ScriptPeer>> connect, CancellationToken hang) : IAsyncDisposable
{
    private readonly Dictionary<string, ScriptPeer> _peers = [];
    private readonly Dictionary<string, string> _captured = [];
    private readonly StringBuilder _transcript = new();
    private readonly List<SkipStep> _skips = [];
    private readonly List<byte> _batch = [];
    private string? _batchOf;

    public async Task RunAsync()
    {
        var line = 0;
        try
        {
            foreach (var step in script.Steps)
            {
                line = step.Line;
                await PlayAsync(step).ConfigureAwait(false);
            }

            FlushBatch();
            foreach (var (name, peer) in _peers)
            {
                await EndAsync(name, peer, line).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (hang.IsCancellationRequested)
        {
            throw Failure(line, "The dialog hangs: no answer came.");
        }
        catch (Exception error) when (error is not ScriptFailureException)
        {
            throw Failure(line, $"{error.GetType().Name}: {error.Message}", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers.Values)
        {
            await peer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task PlayAsync(ScriptStep step)
    {
        if (!_peers.TryGetValue(step.Session, out var peer))
        {
            _peers[step.Session] = peer = await connect(step.Session).WaitAsync(hang).ConfigureAwait(false);
        }

        if (_batchOf != step.Session || step is not (SendStep or OctetsStep or RepeatStep))
        {
            FlushBatch();
        }

        switch (step)
        {
            case SendStep send:
                var octets = ScriptText.Unescape(Substitute(send.Text), out var isContinued);
                Send(step, peer, isContinued ? octets : [.. octets, .. "\r\n"u8]);
                break;
            case OctetsStep raw:
                Send(step, peer, raw.Octets);
                break;
            case RepeatStep repeat:
                var unit = ScriptText.Unescape(Substitute(repeat.Text), out _);
                Send(step, peer, [.. Enumerable.Repeat(unit, repeat.Count).SelectMany(static octets => octets)]);
                break;
            case SkipStep skip:
                _skips.Add(skip);
                break;
            case ExpectStep expect:
                var expected = ScriptText.Unescape(Substitute(expect.Text), out _);
                await ExpectAsync(step, peer, $"\"{ScriptText.Show(expected)}\"", line => line.AsSpan().SequenceEqual(expected)).ConfigureAwait(false);
                break;
            case MatchStep match:
                await ExpectAsync(step, peer, $"a match of {match.Pattern}", line => Capture(match.Pattern.Match(Encoding.UTF8.GetString(line)))).ConfigureAwait(false);
                break;
            case ControlStep control:
                await ControlAsync(control, peer).ConfigureAwait(false);
                break;
        }
    }

    private void Send(ScriptStep step, ScriptPeer peer, byte[] octets)
    {
        Note(step.Session, '>', octets);
        switch (play)
        {
            case ScriptPlay.Line:
                peer.Send(octets);
                break;
            case ScriptPlay.Byte:
                foreach (var octet in octets)
                {
                    peer.Send([octet]);
                }

                break;
            default:
                _batchOf = step.Session;
                _batch.AddRange(octets);
                break;
        }
    }

    private void FlushBatch()
    {
        if (_batchOf is { } session && _batch.Count > 0)
        {
            _peers[session].Send([.. _batch]);
            _batch.Clear();
        }

        _batchOf = null;
    }

    private async Task ExpectAsync(ScriptStep step, ScriptPeer peer, string expected, Func<byte[], bool> isExpected)
    {
        while (true)
        {
            var line = await ReadLineAsync(step, peer, expected).ConfigureAwait(false);
            if (isExpected(line))
            {
                _skips.Clear();
                return;
            }

            if (!IsSkipped(line))
            {
                throw Failure(step.Line, $"expected {expected}{Environment.NewLine}  got      \"{ScriptText.Show(line)}\"");
            }
        }
    }

    private async Task<byte[]> ReadLineAsync(ScriptStep step, ScriptPeer peer, string expected)
    {
        byte[]? line;
        try
        {
            line = await peer.ReadLineAsync(hang).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw Failure(step.Line, $"expected {expected}{Environment.NewLine}  got      nothing in time{Rest(peer)}");
        }

        if (line is null)
        {
            throw Failure(step.Line, $"expected {expected}{Environment.NewLine}  got      the end of the connection{Rest(peer)}{await EscapedAsync(peer).ConfigureAwait(false)}");
        }

        Note(step.Session, '<', line);
        return line;
    }

    private bool IsSkipped(byte[] line) => _skips.Any(skip => line.AsSpan().StartsWith(ScriptText.Unescape(Substitute(skip.Prefix), out _)));

    private bool Capture(Match match)
    {
        if (!match.Success)
        {
            return false;
        }

        foreach (Group group in match.Groups)
        {
            if (!char.IsAsciiDigit(group.Name[0]) && group.Success)
            {
                _captured[group.Name] = group.Value;
            }
        }

        return true;
    }

    [GeneratedRegex(@"(?<!\\)\$\{(?<name>[A-Za-z_]+)\}")]
    private static partial Regex Placeholder { get; }

    private string Substitute(string text) => text.Contains("${", StringComparison.Ordinal)
        ? Placeholder.Replace(text, match => _captured.GetValueOrDefault(match.Groups["name"].Value)?.Replace("\\", "\\\\", StringComparison.Ordinal)
            ?? throw new InvalidOperationException($"Nothing was captured as {match.Value}."))
        : text;

    private async Task ControlAsync(ControlStep step, ScriptPeer peer)
    {
        _transcript.Append(step.Session).Append(' ').AppendLine(step.Word);
        switch (step.Word)
        {
            case "STARTTLS":
                await peer.StartTlsAsync().WaitAsync(hang).ConfigureAwait(false);
                break;
            case "COMPRESS":
                await peer.CompressAsync().WaitAsync(hang).ConfigureAwait(false);
                break;
            case "DROP":
                await peer.DropAsync().WaitAsync(hang).ConfigureAwait(false);
                await AwaitSessionAsync(step.Line, peer).ConfigureAwait(false);
                break;
            default:
                await ExpectEndAsync(step.Session, step.Line, peer).ConfigureAwait(false);
                break;
        }
    }

    private async Task EndAsync(string name, ScriptPeer peer, int line)
    {
        if (peer.IsOver)
        {
            return;
        }

        _transcript.Append(name).AppendLine(" (end of script)");
        await peer.FinishAsync().WaitAsync(hang).ConfigureAwait(false);
        await ExpectEndAsync(name, line, peer).ConfigureAwait(false);
    }

    private async Task ExpectEndAsync(string session, int at, ScriptPeer peer)
    {
        while (await peer.ReadLineAsync(hang).ConfigureAwait(false) is { } line)
        {
            Note(session, '<', line);
            if (!IsSkipped(line))
            {
                throw Failure(at, $"expected the end of the connection{Environment.NewLine}  got      \"{ScriptText.Show(line)}\"");
            }
        }

        _skips.Clear();
        if (peer.Rest() is { Length: > 0 })
        {
            throw Failure(at, $"expected the end of the connection{Environment.NewLine}  got      octets without a line's end{Rest(peer)}");
        }

        await AwaitSessionAsync(at, peer).ConfigureAwait(false);
    }

    private async Task AwaitSessionAsync(int line, ScriptPeer peer)
    {
        // The client's end of a closed connection goes too, or a session that still drains its input would wait for it.
        await peer.DropAsync().WaitAsync(hang).ConfigureAwait(false);
        if (await EscapedAsync(peer).ConfigureAwait(false) is { Length: > 0 } escaped)
        {
            throw Failure(line, escaped);
        }
    }

    /// <summary>What came out of the session but broken I/O, which is a client's doing.</summary>
    private async Task<string> EscapedAsync(ScriptPeer peer)
    {
        try
        {
            await (peer.Session ?? Task.CompletedTask).WaitAsync(hang).ConfigureAwait(false);
            return "";
        }
        catch (IOException)
        {
            return "";
        }
        catch (Exception error) when (error is not OperationCanceledException || !hang.IsCancellationRequested)
        {
            return $"{Environment.NewLine}The session ended in {error}";
        }
    }

    private static string Rest(ScriptPeer peer) => peer.Rest() is { Length: > 0 } rest ? $", after \"{ScriptText.Show(rest)}\"" : "";

    private void Note(string session, char direction, byte[] octets)
    {
        var shown = ScriptText.Show(octets.AsSpan(0, Math.Min(octets.Length, 400)));
        _transcript.Append(session).Append(direction).Append(' ').Append(shown).AppendLine(octets.Length > 400 ? $" ... ({octets.Length} octets)" : "");
    }

    private ScriptFailureException Failure(int line, string reason, Exception? inner = null) =>
        new($"{script.File}:{line} ({play}): {reason}{Environment.NewLine}Transcript:{Environment.NewLine}{_transcript}", inner);
}
