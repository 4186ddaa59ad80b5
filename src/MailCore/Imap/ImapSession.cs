using System.Diagnostics;
using MailCore.Authentication;
using MailCore.Imap.Append;
using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Net;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Imap;

/// <summary>
/// One client's dialog. Commands run one after another, in the order they came; replies are flushed when no whole command is left
/// in the buffer.
/// </summary>
/// <remarks>Threading: one flow of control. Only hints and shutdown come from elsewhere, and they do nothing but wake the framer.</remarks>
internal sealed partial class ImapSession : IDisposable
{
    // Also said where the user may no longer know that it is there.
    private const string MailboxGone = "The selected mailbox was deleted";

    private readonly CancellationToken _stopping;
    private long _started;
    private readonly FrameLimits _beforeLogin;
    private readonly FrameLimits _afterLogin;
    private TimedPipeWriter _output;
    private int _badCommands;
    private bool _startsTls;
    private bool _startsCompression;
    private DeflateTransport? _compression;
    private bool _inputLost;
    private bool _ended;

    public ImapSession(ImapServices services, ImapOptions options, MailConnection connection, CancellationToken stopping)
    {
        (Services, Options, Connection, _stopping) = (services, options, connection, stopping);
        Log = new ImapLog(services.Loggers.CreateLogger<ImapProtocol>());
        _started = services.Time.GetTimestamp();
        _beforeLogin = FrameLimits.BeforeLogin(options);
        _afterLogin = FrameLimits.AfterLogin(options);
        _output = NewOutput();
        Lines = new LineFramer(connection.Transport.Input, services.Time);
        Framer = new ImapFramer(Lines, MessageIntake.EndsBeforeMessage);
        Writer = new ImapWriter(_output);
    }

    public ImapServices Services { get; }

    public ImapOptions Options { get; }

    public required ImapCommandTable Commands { get; init; }

    public required ImapMetrics Metrics { get; init; }

    public required AccountSessions Sessions { get; init; }

    public required MetadataSources Metadata { get; init; }

    public ImapLog Log { get; }

    public MailConnection Connection { get; }

    public LineFramer Lines { get; }

    public ImapFramer Framer { get; }

    public ImapWriter Writer { get; }

    /// <summary>Null before login.</summary>
    public MailIdentity? Identity { get; private set; }

    /// <summary>Only after login.</summary>
    public MailAccount Account { get => field ?? throw new InvalidOperationException("Nobody is logged in."); private set; }

    /// <summary>The selected mailbox, or null.</summary>
    public ImapSelection? Selection { get; private set; }

    /// <summary>What the client has turned on; for good.</summary>
    public ImapFeatures Features { get; private set; }

    /// <summary>Of the command at hand.</summary>
    public ReadOnlyMemory<byte> Tag { get; private set; }

    /// <summary>Of all commands that work on messages.</summary>
    public MessageLimit MessageLimit => new(Options.MessageLimit);

    /// <summary>Of COPY and APPEND.</summary>
    public MessageLimit SaveLimit => new(Options.MessageLimit ?? Options.SaveLimit);

    public int LoginFailures { get; set; }

    public bool IsSecured => Connection.Tls is not null;

    /// <summary>What a login on this connection is told.</summary>
    public AuthenticationContext Authentication => AuthenticationContext.Of("imap", Connection, Services.Tls.Policy);

    /// <summary>How the client may log in now.</summary>
    public SaslOffer Offer => Services.Login.Offer(Authentication);

    /// <summary>RFC 4978.</summary>
    public bool IsCompressed => _compression is not null;

    public bool IsLoggedIn => Identity is not null;

    /// <summary>Nothing more can be read or written; an exception seen now is its consequence.</summary>
    public bool IsConnectionLost => _inputLost || Writer.IsLost || Aborted.IsCancellationRequested;

    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Ends the work for a client that is gone.</summary>
    public CancellationToken Aborted => Connection.Closed;

    public ImapStates State => Selection is not null ? ImapStates.Selected : IsLoggedIn ? ImapStates.Authenticated : ImapStates.NotAuthenticated;

    public async Task RunAsync()
    {
        // The wait it may end is not worth a lock: an interrupt is remembered until somebody waits.
        await using var stop = _stopping.UnsafeRegister(static lines => ((LineFramer)lines!).Interrupt(), Lines);
        Writer.Raw("* OK ["u8);
        ImapCapabilities.Write(Writer, this);
        Writer.Raw("] "u8).Raw(Options.HostName).Raw(" ready"u8).Line();
        while (!_ended && await StepAsync())
        {
        }

        await Writer.FlushAsync(Aborted);
    }

    /// <summary>The next step of the dialog is the last: the reply at hand is still written.</summary>
    public void End() => _ended = true;

    /// <summary>False when the account has too many sessions.</summary>
    public bool TryLogIn(MailIdentity identity, MailAccount account)
    {
        if (!Sessions.TryEnter(account.Id, Options.MaxSessionsPerAccount))
        {
            return false;
        }

        (Identity, Account) = (identity, account);
        return true;
    }

    public bool Has(ImapFeatures feature) => (Features & feature) != 0;

    /// <summary>Turns features on. A client that begins with ModSeqs in the middle of a mailbox learns where it stands.</summary>
    public void Enable(ImapFeatures features)
    {
        var before = Features;
        Writer.Features = Features |= features;
        if (Selection is not null && (Features & ~before).HasFlag(ImapFeatures.CondStore))
        {
            Selection.WriteHighestModSeq(Writer, "ModSeqs are told from here on"u8);
        }
    }

    /// <summary>Forgets who was logged in; a new login has as much time as the first had.</summary>
    public void LogOut()
    {
        Select(null);
        StartWatch(null);
        Writer.Features = Features = ImapFeatures.None;
        LeaveAccount();
        _started = Services.Time.GetTimestamp();
    }

    /// <summary>Makes this the selected mailbox, instead of any other; null for none.</summary>
    public void Select(ImapSelection? selection)
    {
        Selection?.Dispose();
        Selection = selection;
        WakeSelection();
    }

    /// <summary>Says goodbye without having been asked.</summary>
    public void Bye(string text, string? code = null)
    {
        Writer.Raw("* BYE "u8);
        if (code is not null)
        {
            Writer.Raw("["u8).Raw(code).Raw("] "u8);
        }

        Writer.Raw(text).Line();
        End();
    }

    /// <summary>TLS begins as soon as the client has the reply to the command at hand.</summary>
    public void StartTlsAfterReply() => _startsTls = true;

    /// <summary>Compression begins as soon as the client has the reply to the command at hand.</summary>
    public void CompressAfterReply() => _startsCompression = true;

    /// <summary>Gives back what a long wait does not need; with all replies flushed.</summary>
    public void ReleaseForWait() => _compression?.Release();

    public void Dispose()
    {
        _compression?.Dispose();
        Select(null);
        StartWatch(null);
        LeaveAccount();
        Framer.Dispose();
        Lines.Dispose();
        _output.Dispose();
    }

    private void LeaveAccount()
    {
        if (IsLoggedIn)
        {
            Sessions.Leave(Account.Id);
            (Identity, _namespaces) = (null, null);
        }
    }

    private TimedPipeWriter NewOutput() => new(Connection.Transport.Output, Connection, Options.WriteTimeout, Services.Time);

    // What was said in the clear counts for nothing.
    private async ValueTask StartTlsAsync()
    {
        _startsTls = false;
        await Writer.FlushAsync(Aborted);
        await Services.Tls.StartTlsAsync(Connection, Lines, Aborted);
        AttachOutput();
        _badCommands = 0;
    }

    private async ValueTask StartCompressionAsync()
    {
        _startsCompression = false;
        await Writer.FlushAsync(Aborted);
        Lines.Release();
        _compression = DeflateTransport.Start(Connection);
        Lines.Attach(Connection.Transport.Input);
        AttachOutput();
    }

    private void AttachOutput()
    {
        _output.Dispose();
        _output = NewOutput();
        Writer.Attach(_output);
    }

    private async ValueTask<bool> StepAsync()
    {
        if (!IsLoggedIn && LoginTimeLeft() <= TimeSpan.Zero)
        {
            Bye("Too slow to log in");
            return true;
        }

        switch (Framer.TryRead(IsLoggedIn ? _afterLogin : _beforeLogin))
        {
            case FrameStatus.Incomplete:
                return await FillAsync();
            case FrameStatus.Continue:
                Writer.Raw("+ OK"u8).Line();
                await Writer.FlushAsync(Aborted);
                return true;
            case FrameStatus.Refused:
                Reply(TagOf(Framer.Command), ImapReply.Bad(Framer.Refusal!));
                return true;
            case FrameStatus.Lost:
                Reply(TagOf(Framer.Command), ImapReply.Bad(Framer.Refusal!));
                Log.OutOfStep(Connection.Id, Connection.RemoteEndPoint, Framer.Refusal!);
                Bye("Can't find the next command");
                return true;
            default:
                await RunCommandAsync();
                return true;
        }
    }

    private async ValueTask RunCommandAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var command = Parse(out var tag, out var name, out var reply);
        Tag = tag;
        using var activity = ImapMetrics.StartCommand(name, this);
        if (command is not null)
        {
            reply = await RunAsync(command);
        }

        if (Framer.MessageHeader is { Start: > 0, Synchronizing: false } unread)
        {
            // An APPEND that did not get as far as this message.
            await SkipMessagesAsync(unread.Size);
        }

        Reply(tag, reply);
        Metrics.CommandEnds(activity, name, reply.Status, started);
        if (_startsTls)
        {
            await StartTlsAsync();
        }

        if (_startsCompression)
        {
            await StartCompressionAsync();
        }

        if (IsStopping && !_ended)
        {
            Bye("The server is shutting down");
        }
    }

    private async ValueTask<ImapReply> RunAsync(ImapCommand command)
    {
        try
        {
            if (Selection is not null && !await Selection.HoldsAsync())
            {
                Bye(MailboxGone);
                return ImapReply.Rejected(CommitError.NoMailbox);
            }

            var reply = await command.RunAsync(this);
            await TellOrLeaveAsync(command.MayExpunge);
            Selection?.WarnOfOwedExpunges(Writer);

            return reply;
        }
        catch (Exception error) when (!IsConnectionLost)
        {
            Log.CommandFailed(error, Connection.Id, command.GetType().Name);
            if (!Writer.IsAtLineStart)
            {
                // Half a response can't be taken back.
                throw new IOException("A response could not be finished.", error);
            }

            return ImapReply.No("Something went wrong here, try later", "SERVERBUG");
        }
    }

    private ImapCommand? Parse(out byte[] tag, out string name, out ImapReply reply)
    {
        var reader = new ImapReader(Framer.Command, IsLoggedIn ? Options.MaxDepth : Options.MaxDepthBeforeLogin) { Features = Features };
        tag = reader.Tag().ToArray();
        reader.Space();
        string? known = null;
        var command = reader.Failed ? null : Commands.Parse(ref reader, this, out known);
        name = known ?? "unknown";
        reply = reader.Refusal ?? ImapReply.Bad($"At octet {reader.ErrorPosition}: {reader.Error}");
        return reader.Failed ? null : command;
    }

    private void Reply(ReadOnlySpan<byte> tag, ImapReply reply)
    {
        if (reply == ImapReply.None)
        {
            return;
        }

        Writer.Raw(tag.IsEmpty ? "*"u8 : tag).Raw(reply.Status switch
        {
            ImapStatus.Ok => " OK "u8,
            ImapStatus.No => " NO "u8,
            _ => " BAD "u8,
        });
        if (reply.Code == ImapReply.CapabilityCode)
        {
            Writer.Raw("["u8);
            ImapCapabilities.Write(Writer, this);
            Writer.Raw("] "u8);
        }
        else if (reply.Code is not null)
        {
            Writer.Raw("["u8).Raw(reply.Code).Raw("] "u8);
        }

        Writer.Raw(reply.Text).Line();
        _badCommands = reply.Status == ImapStatus.Bad ? _badCommands + 1 : IsLoggedIn ? 0 : _badCommands;
        if (_badCommands >= (IsLoggedIn ? Options.MaxBadCommands : Options.MaxBadCommandsBeforeLogin) && !_ended)
        {
            Log.TooManyBadCommands(Connection.Id, Connection.RemoteEndPoint);
            Bye("Too many bad commands");
        }
    }

    private static byte[] TagOf(ReadOnlySpan<byte> command)
    {
        var reader = new ImapReader(command, 0);
        var tag = reader.Tag();
        reader.Space();
        return reader.Failed ? [] : tag.ToArray();
    }
}
