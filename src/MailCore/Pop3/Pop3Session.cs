using System.Buffers;
using System.Diagnostics;
using MailCore.Authentication;
using MailCore.Net;
using MailCore.Pop3.Wire;
using MailCore.Tls;

namespace MailCore.Pop3;

/// <summary>One client's dialog.</summary>
/// <remarks>
/// Threading: one task runs a session; only the stop may come from elsewhere, by way of <see cref="LineFramer.Interrupt"/>.
/// Commands that came together are answered in one flush.
/// </remarks>
internal sealed partial class Pop3Session : IDisposable
{
    private readonly CancellationToken _stopping;
    private readonly LineFramer _framer;
    private long _deadline;
    private int _badCommands;
    private int _loginFailures;
    private bool _ended;

    public Pop3Session(Pop3Options options, Pop3Services services, MailConnection connection, Pop3Log log, CancellationToken stopping)
    {
        (Options, Services, Connection, Log, _stopping) = (options, services, connection, log, stopping);
        _framer = new LineFramer(connection.Transport.Input, services.Time);
        Output = NewOutput();
    }

    public Pop3Options Options { get; }

    public Pop3Services Services { get; }

    public MailConnection Connection { get; }

    public Pop3Log Log { get; }

    public required Pop3Metrics Metrics { get; init; }

    public Pop3Output Output { get; private set; }

    /// <summary>What USER named last; forgotten by PASS and STLS.</summary>
    public string? User { get; set; }

    /// <summary>Whether the client said UTF8 (RFC 6856 2.1); forgotten by STLS.</summary>
    public bool IsUtf8 { get; set; }

    /// <summary>What the greeting offers for APOP; null where it does not.</summary>
    public string? Timestamp { get; private set; }

    /// <summary>Null before the login.</summary>
    public Pop3MailDrop? MailDrop { get; private set; }

    public bool IsSecured => Connection.Tls is not null;

    public TlsPolicy Policy => Services.Tls.Policy;

    public Pop3States State => MailDrop is not null ? Pop3States.Transaction
        : Policy.MustSecureFirst(IsSecured) ? Pop3States.BeforeTls
        : Pop3States.Authorization;

    public async Task RunAsync()
    {
        using var stop = _stopping.UnsafeRegister(static framer => ((LineFramer)framer!).Interrupt(), _framer);
        SetDeadline(Options.LoginTimeout);
        Timestamp = Options.UseApop ? ApopLogin.MakeTimestamp(Options.HostName, Services.Time.GetUtcNow()) : null;
        Output.Ok(System.Text.Encoding.UTF8.GetBytes($"{Options.HostName} POP3 server ready{(Timestamp is null ? "" : " ")}{Timestamp}"));
        while (!_ended)
        {
            var status = _framer.TryReadLine(LineLimit(), out var line);
            if (status == LineStatus.Incomplete)
            {
                await FillAsync().ConfigureAwait(false);
            }
            else if (_stopping.IsCancellationRequested)
            {
                SayGoodbye();
            }
            else
            {
                await RunCommandAsync(status, line).ConfigureAwait(false);
                if (MailDrop is not null)
                {
                    SetDeadline(Options.IdleTimeout);
                }
            }

            if (Output.IsFull)
            {
                await Output.FlushAsync().ConfigureAwait(false);
            }
        }

        await Output.FlushAsync().ConfigureAwait(false);
    }

    /// <summary>No further command is read; what was said is flushed.</summary>
    public void End() => _ended = true;

    /// <summary>Refuses what is unknown, malformed or out of place; too much of it ends the session.</summary>
    public void RefuseBad(ReadOnlySpan<byte> text)
    {
        if (++_badCommands >= (MailDrop is null ? Options.MaxBadCommandsBeforeLogin : Options.MaxBadCommands))
        {
            Log.TooManyBadCommands(Connection.Id, Connection.RemoteEndPoint);
            Output.Error("Too many bad commands"u8);
            End();
            return;
        }

        Output.Error(text);
    }

    /// <summary>Refuses because the store failed.</summary>
    public void RefuseForStore(Exception error)
    {
        Log.StoreFailed(error, Connection.Id);
        Output.Error("[SYS/TEMP] The mail drop is not available now"u8);
    }

    /// <summary>Ends the connection in the middle of a response, so that the client does not take it for whole.</summary>
    public IOException Break(Exception error)
    {
        Log.StoreFailed(error, Connection.Id);
        Connection.Abort(error);
        return new IOException("The message could not be read to its end.", error);
    }

    /// <summary>Whether the client sent octets behind its STLS; the session is over then, and they are neither run nor replayed.</summary>
    public bool DropIfInjected()
    {
        if (!TlsUpgrade.IsInjected(_framer))
        {
            return false;
        }

        Log.Injected(Connection.Id, Connection.RemoteEndPoint);
        End();
        return true;
    }

    /// <summary>After STLS's positive answer: shakes hands and forgets what was said before (RFC 2595 4).</summary>
    public async ValueTask StartTlsAsync()
    {
        await Output.FlushAsync().ConfigureAwait(false);
        await Services.Tls.StartTlsAsync(Connection, _framer, Connection.Closed).ConfigureAwait(false);
        User = null;
        IsUtf8 = false;
        Output.Dispose();
        Output = NewOutput();
    }

    /// <summary>
    /// The client's next line in an AUTH exchange; null when there will be none, and the session is over. The octets are good until
    /// the next call.
    /// </summary>
    public async ValueTask<(LineStatus Status, ReadOnlySequence<byte> Line)?> ReadResponseAsync()
    {
        while (!_ended)
        {
            var status = _framer.TryReadLine(Options.MaxSaslLine, out var line);
            if (status == LineStatus.Endless)
            {
                break;
            }

            if (status != LineStatus.Incomplete)
            {
                return (status, line);
            }

            await FillAsync().ConfigureAwait(false);
        }

        End();
        return null;
    }

    public void Dispose()
    {
        MailDrop?.Dispose();
        Output.Dispose();
        _framer.Dispose();
    }

    private Pop3Output NewOutput() => new(Connection, Options.WriteTimeout, Services.Time);

    private void SetDeadline(TimeSpan timeout) =>
        _deadline = Services.Time.GetTimestamp() + (long)(timeout.TotalSeconds * Services.Time.TimestampFrequency);

    // RFC 5034 4: an initial response may make AUTH longer than other commands.
    private int LineLimit()
    {
        Span<byte> keyword = stackalloc byte[5];
        var buffer = _framer.Buffer;
        if (State != Pop3States.Authorization || buffer.Length < keyword.Length)
        {
            return Options.MaxLine - 2;
        }

        buffer.Slice(0, keyword.Length).CopyTo(keyword);
        return System.Text.Ascii.EqualsIgnoreCase(keyword, "AUTH "u8) ? Options.MaxSaslLine : Options.MaxLine - 2;
    }

    private async ValueTask FillAsync()
    {
        await Output.FlushAsync().ConfigureAwait(false);
        while (!_ended)
        {
            if (_stopping.IsCancellationRequested)
            {
                SayGoodbye();
                return;
            }

            var left = Services.Time.GetElapsedTime(Services.Time.GetTimestamp(), _deadline);
            switch (left > TimeSpan.Zero ? await _framer.FillAsync(left).ConfigureAwait(false) : FillResult.TimedOut)
            {
                case FillResult.Data:
                    return;
                case FillResult.Completed:
                    End();
                    return;
                case FillResult.TimedOut:
                    // RFC 1939 3: closed without a word, and nothing is deleted.
                    Log.Idle(Connection.Id);
                    End();
                    return;
            }
        }
    }

    private void SayGoodbye()
    {
        Output.Error("[SYS/TEMP] The server is shutting down"u8);
        End();
    }

    private ValueTask RunCommandAsync(LineStatus status, in ReadOnlySequence<byte> octets)
    {
        if (status is LineStatus.TooLong or LineStatus.Endless)
        {
            RefuseBad("Line too long"u8);
            _ended |= status == LineStatus.Endless;
            return ValueTask.CompletedTask;
        }

        var line = Pop3Line.Parse(octets.IsSingleSegment ? octets.FirstSpan : octets.ToArray());
        var command = Pop3CommandTable.Find(line.Keyword);
        if (!Metrics.IsWatched)
        {
            return RunCommandAsync(command, line);
        }

        var name = command?.Name ?? "unknown";
        var before = Activity.Current;
        var (started, output, errors) = (Stopwatch.GetTimestamp(), Output, Output.Errors);
        var activity = Pop3Metrics.StartCommand(name, this);
        // Reads the line before it waits, as every command does.
        var running = RunCommandAsync(command, line);
        Activity.Current = before;
        return Metrics.EndCommandAsync(new CommandWatch(name, activity, started), running, () => output.Errors > errors);
    }

    private ValueTask RunCommandAsync(Pop3Command? command, Pop3Line line)
    {
        if (command is null)
        {
            RefuseBad("Unknown command"u8);
            return ValueTask.CompletedTask;
        }

        if ((command.States & State) == 0)
        {
            RefuseState(command);
            return ValueTask.CompletedTask;
        }

        return State == Pop3States.Transaction ? ForgiveAsync(command, line) : command.Run(this, line);
    }

    private void RefuseState(Pop3Command command)
    {
        switch (State)
        {
            case Pop3States.BeforeTls when command.States.HasFlag(Pop3States.Authorization):
                Output.Error("Issue STLS first"u8);
                break;
            case Pop3States.Transaction:
                RefuseBad("Not after login"u8);
                break;
            default:
                RefuseBad("Log in first"u8);
                break;
        }
    }

    // Only bad commands in a row count after login.
    private ValueTask ForgiveAsync(Pop3Command command, Pop3Line line)
    {
        var before = _badCommands;
        var run = command.Run(this, line);
        if (run.IsCompletedSuccessfully)
        {
            _badCommands = _badCommands == before ? 0 : _badCommands;
            return run;
        }

        // What waits has been well-formed.
        _badCommands = 0;
        return run;
    }
}
