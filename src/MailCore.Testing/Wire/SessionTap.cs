using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Text;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Testing.Faults;

namespace MailCore.Testing.Wire;

/// <summary>What becomes of a client's next octets.</summary>
internal enum AdmissionKind
{
    /// <summary>The server may see them; none means that more must come first.</summary>
    Shown,

    /// <summary>They are dropped.</summary>
    Withheld,

    /// <summary>The connection is over.</summary>
    Ended,
}

/// <summary>A decision about a number of octets.</summary>
internal readonly record struct Admission(AdmissionKind Kind, long Length = 0);

/// <summary>One session of a test server: its transcript, what is known of it, and the faults that come to it.</summary>
/// <remarks>Threading: reads come from one side and writes from another, at the same time in IDLE; each write waits for the one before.</remarks>
internal sealed class SessionTap(MailConnection carrier, TestProtocol protocol, string endpoint, SessionBook book)
{
    private readonly Lock _order = new();
    private readonly CapabilityFilter _capabilities = new(protocol);
    private readonly List<string> _recipients = [];
    private readonly List<Action> _arrivals = [];
    private Task _sending = Task.CompletedTask;
    private ClientDialog _dialog = ClientDialog.For(protocol);
    private FaultEffect? _onReply;
    private string? _sender;
    private string _answer = "";
    private int _truncateLeft;
    private bool _hasGreeted;
    private volatile bool _hasEnded;

    public Transcript Transcript { get; } = new(carrier.Id, endpoint, protocol, book.Time.GetUtcNow());

    public MailConnection Carrier => carrier;

    /// <summary>No more is read or written; the server is on its way to see it.</summary>
    public bool HasEnded => _hasEnded;

    /// <summary>What the message that has just come in whole is to be answered with.</summary>
    public SmtpReply? MessageReply { get; private set; }

    private PipeReader? Reading { get; set; }

    /// <summary>The cleartext goes on above TLS or compression.</summary>
    public void Upgraded(SslStream? tls)
    {
        _dialog = ClientDialog.For(protocol);
        _answer = "";
        Transcript.Note(tls is null ? "compressed from here" : $"{tls.SslProtocol} from here");
    }

    /// <summary>A user has proved who it is.</summary>
    public void LoggedIn(string user) => Transcript.User = user;

    /// <summary>Runs when the client has its next reply.</summary>
    public void WhenAnswered(Action arrival)
    {
        lock (_arrivals)
        {
            _arrivals.Add(arrival);
        }
    }

    /// <summary>Before the first octet of an endpoint with implicit TLS; false when a fault has ended the connection.</summary>
    public ValueTask<bool> BeginTlsAsync(PipeTap tap) => PassTlsAsync(tap);

    /// <summary>Decides about the next octets that the client sent and the server has not seen.</summary>
    public async ValueTask<Admission> AdmitAsync(ReadOnlySequence<byte> unread, PipeTap tap, bool isAtRest)
    {
        Reading = tap.Raw.Input;
        var piece = _dialog.Next(unread, _answer);
        switch (piece.Kind)
        {
            case PieceKind.Opaque:
                if (!await PassTlsAsync(tap).ConfigureAwait(false))
                {
                    return new Admission(AdmissionKind.Ended);
                }

                tap.IsOpaque = true;
                break;
            case PieceKind.Command:
                var point = Observe(piece.Command!);
                return isAtRest ? await ApplyAsync(point, piece.Length, tap).ConfigureAwait(false) : new Admission(AdmissionKind.Shown, piece.Length);
            case PieceKind.Secret:
                Transcript.Client("***");
                break;
            case PieceKind.Content when protocol != TestProtocol.Smtp:
                Transcript.Client($"({piece.Length} octets)");
                break;
            case PieceKind.Continuation:
                Transcript.Client(Encoding.UTF8.GetString(unread.Slice(0, Math.Min(piece.Length, 1024))).TrimEnd('\r', '\n'));
                break;
            case PieceKind.ContentEnd when !_dialog.IsWithheld:
                Transcript.Client("(the message)");
                return await ApplyAsync(Point(FaultStage.Message), piece.Length, tap).ConfigureAwait(false);
        }

        return new Admission(_dialog.IsWithheld && piece.Length > 0 ? AdmissionKind.Withheld : AdmissionKind.Shown, piece.Length);
    }

    /// <summary>Sends what the server wrote, or what a fault makes of it.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> octets, PipeTap tap)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_order)
        {
            (before, _sending) = (_sending, done.Task);
        }

        await before.ConfigureAwait(false);
        try
        {
            if (!_hasEnded)
            {
                await SendInOrderAsync(octets, tap).ConfigureAwait(false);
            }
        }
        finally
        {
            done.SetResult();
            Arrive();
        }
    }

    /// <summary>The session is over: nobody waits for a reply any more.</summary>
    public void Finish()
    {
        Transcript.Note("closed");
        Arrive();
    }

    private async Task SendInOrderAsync(ReadOnlyMemory<byte> octets, PipeTap tap)
    {
        if (!_hasGreeted)
        {
            _hasGreeted = true;
            var point = Point(FaultStage.Connect);
            if (Match(point) is { } fault)
            {
                await WaitAsync(fault.Delay).ConfigureAwait(false);
                octets = fault.Answers ? fault.AnswerTo(point) : octets;
                _onReply = fault.Answers && fault.AnswerEnds(FaultStage.Connect) ? fault with { End = FaultEnd.Close } : fault;
                _truncateLeft = fault.Truncate ?? 0;
                if (!fault.Answers && !fault.ChangesReply && End(fault.End))
                {
                    return;
                }
            }
        }

        octets = _capabilities.Apply(octets, name => Match(Point(FaultStage.Capability, name)) is not null, book.Faults.IsEmpty);
        Transcript.Server(octets.Span);
        Remember(octets.Span);
        if (_onReply is not { } effect)
        {
            await tap.Raw.Output.WriteAsync(octets).ConfigureAwait(false);
            return;
        }

        await SendDisturbedAsync(octets, effect, tap.Raw.Output).ConfigureAwait(false);
        End(effect.End);
    }

    private async Task SendDisturbedAsync(ReadOnlyMemory<byte> octets, FaultEffect effect, PipeWriter output)
    {
        if (effect.Drop)
        {
            Transcript.Note("fault: the reply was dropped");
            return;
        }

        octets = effect.Garble ? Garble(octets.Span) : octets;
        if (effect.Truncate is not null)
        {
            octets = octets[..Math.Min(octets.Length, _truncateLeft)];
            _truncateLeft -= octets.Length;
        }

        var step = effect.Rate is { } rate ? Math.Max(1, rate / 10) : octets.Length;
        while (!octets.IsEmpty)
        {
            await output.WriteAsync(octets[..Math.Min(step, octets.Length)]).ConfigureAwait(false);
            octets = octets[Math.Min(step, octets.Length)..];
            if (!octets.IsEmpty)
            {
                await WaitAsync(TimeSpan.FromMilliseconds(100)).ConfigureAwait(false);
            }
        }

        if (effect.Truncate is not null && _truncateLeft == 0)
        {
            End(FaultEnd.Close);
        }
    }

    private async ValueTask<Admission> ApplyAsync(FaultPoint point, long length, PipeTap tap)
    {
        _onReply = null;
        MessageReply = null;
        var fault = _capabilities.Refuses(point) ? CapabilityFilter.Refusal(point) : Match(point);
        if (fault is null)
        {
            return new Admission(AdmissionKind.Shown, length);
        }

        await WaitAsync(fault.Delay).ConfigureAwait(false);
        if (fault.Expunge is { } mailbox && Transcript.User is { } user)
        {
            await book.ExpungeAsync(user, mailbox).ConfigureAwait(false);
        }

        if (fault.ChangesUidValidity && Transcript.User is { } owner)
        {
            await book.ChangeUidValidityAsync(owner).ConfigureAwait(false);
        }

        if (fault.RunsCommand)
        {
            _onReply = fault.ChangesReply ? fault : null;
            _truncateLeft = fault.Truncate ?? 0;
            return new Admission(AdmissionKind.Shown, length);
        }

        if (fault.Answers && point.Stage == FaultStage.Message)
        {
            // The server has to read the message; a filter gives it this answer.
            MessageReply = fault.Reply ?? new SmtpReply(451, "4.3.0", fault.ReplyLine!);
            _onReply = fault;
            return new Admission(AdmissionKind.Shown, length);
        }

        if (fault.Answers)
        {
            await SendAsync(fault.AnswerTo(point), tap).ConfigureAwait(false);
        }

        _dialog.Withhold();
        return End(fault.Answers && fault.AnswerEnds(point.Stage) ? FaultEnd.Close : fault.End)
            ? new Admission(AdmissionKind.Ended)
            : new Admission(AdmissionKind.Withheld, length);
    }

    private async ValueTask<bool> PassTlsAsync(PipeTap tap)
    {
        if (Match(Point(FaultStage.Tls)) is not { } fault)
        {
            return true;
        }

        await WaitAsync(fault.Delay).ConfigureAwait(false);
        if (fault.Garble)
        {
            await tap.Raw.Output.WriteAsync("This is not TLS.\r\n"u8.ToArray()).ConfigureAwait(false);
        }

        return !End(fault.End == FaultEnd.None && fault.Garble ? FaultEnd.Close : fault.End);
    }

    private FaultPoint Observe(ClientCommand command)
    {
        Transcript.Client(command.Tag.Length > 0 ? $"{command.Tag} {command.Line}" : command.Line);
        if (protocol == TestProtocol.Smtp)
        {
            Follow(command);
        }

        return Point(FaultStage.Command, command.Line) with { Verb = command.Verb, Tag = command.Tag };
    }

    private void Follow(ClientCommand command)
    {
        switch (command.Verb)
        {
            case "MAIL":
                _recipients.Clear();
                _sender = Path(command.Line);
                Transcript.Involve(_sender);
                break;
            case "RCPT":
                _recipients.Add(Path(command.Line));
                Transcript.Involve(_recipients[^1]);
                break;
            case "RSET" or "EHLO" or "HELO" or "LHLO":
                _recipients.Clear();
                _sender = null;
                break;
        }

        _capabilities.Command = command.Verb;
    }

    private static string Path(string line)
    {
        var (open, close) = (line.IndexOf('<', StringComparison.Ordinal), line.LastIndexOf('>'));
        return open >= 0 && close > open ? line[(open + 1)..close] : "";
    }

    private FaultPoint Point(FaultStage stage, string text = "") => new()
    {
        Stage = stage,
        Protocol = protocol,
        Endpoint = endpoint,
        Connection = carrier.Id,
        Text = text,
        User = Transcript.User,
        Sender = _sender,
        Recipients = _recipients.Count == 0 ? [] : [.. _recipients],
    };

    private FaultEffect? Match(FaultPoint point)
    {
        if (book.Faults.IsEmpty || book.Faults.Match(point, out var description) is not { } effect)
        {
            return null;
        }

        Transcript.Note($"fault: {description}");
        return effect;
    }

    private Task WaitAsync(TimeSpan time) => time <= TimeSpan.Zero ? Task.CompletedTask : book.DelayAsync(time, carrier.Closed);

    private bool End(FaultEnd end)
    {
        if (end == FaultEnd.None)
        {
            return false;
        }

        _hasEnded = true;
        if (end == FaultEnd.Abort)
        {
            carrier.Abort(new IOException("A fault broke the connection."));
        }

        // A client in IDLE waits for nothing: the server is woken to see the end.
        Reading?.CancelPendingRead();
        return true;
    }

    private void Arrive()
    {
        Action[] arrivals;
        lock (_arrivals)
        {
            if (_arrivals.Count == 0)
            {
                return;
            }

            arrivals = [.. _arrivals];
            _arrivals.Clear();
        }

        foreach (var arrival in arrivals)
        {
            arrival();
        }
    }

    private void Remember(ReadOnlySpan<byte> octets)
    {
        const int longest = 512;
        var isWhole = octets is [.., (byte)'\n'];
        octets = octets.TrimEnd("\r\n"u8);
        var start = octets.LastIndexOf((byte)'\n') + 1;
        if (isWhole)
        {
            _answer = Encoding.UTF8.GetString(octets[start..][..Math.Min(octets.Length - start, longest)]);
        }
    }

    private static byte[] Garble(ReadOnlySpan<byte> octets)
    {
        var garbled = new byte[octets.Length];
        for (var i = 0; i < octets.Length; i++)
        {
            garbled[i] = octets[i] is (byte)'\r' or (byte)'\n' ? octets[i] : (byte)(0x80 | ((octets[i] * 31) + (i * 17)));
        }

        return garbled;
    }
}
