using System.Diagnostics;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Smtp.Wire;
using MailCore.Tls;

namespace MailCore.Smtp;

/// <summary>How a client greeted.</summary>
internal enum HelloKind
{
    None,
    Helo,
    Ehlo,
    Lhlo,
}

/// <summary>One client's dialog: what it has told so far, and the loop that answers it. Single-threaded.</summary>
internal sealed class SmtpSession : IAsyncDisposable
{
    private readonly DataBodyReader _body;
    private readonly LineRule _command;
    private readonly SmtpExtensions _trust;
    private MailSessionInfo? _info;
    private ForwardedClient? _forwarded;
    private BodyInput? _chunkInput;
    private CommandRate _rate;
    private PathCache _sender;
    private PathCache _recipient;
    private long _began;
    private int _badCommands;
    private bool _isRefused;

    public SmtpSession(SmtpProtocol protocol, MailConnection connection, CancellationToken stopping)
    {
        (Protocol, Stopping) = (protocol, stopping);
        Channel = new SmtpChannel(connection, protocol.Options.WriteTimeout, protocol.Services.Time, stopping);
        _body = new DataBodyReader(Channel.Framer, protocol.Services.Time);
        var options = protocol.Options;
        var longest = options.OfferAuthentication ? options.MaxAuthenticationLine : options.MaxCommandLine;
        var remote = connection.RemoteEndPoint;
        _trust = (options.XClientFrom.Covers(remote) ? SmtpExtensions.XClient : SmtpExtensions.None)
            | (options.XForwardFrom.Covers(remote) ? SmtpExtensions.XForward : SmtpExtensions.None);
        _command = new LineRule(options.MaxCommandLine, longest, options.CommandTimeout, IsCommand: true);
        Filters = protocol.Services.Filters.Count == 0 ? null : new SmtpFilterChain(this);
        Transcript = protocol.Services.Records?.Begin();
        Channel.Observer = Transcript is { } transcript ? transcript.Server : null;
        NoteTls();
    }

    public SmtpProtocol Protocol { get; }

    public SmtpOptions Options => Protocol.Options;

    public SmtpServices Services => Protocol.Services;

    public SmtpChannel Channel { get; }

    public MailConnection Connection => Channel.Connection;

    public CancellationToken Stopping { get; }

    public bool IsSecured => Connection.Tls is not null;

    /// <summary>What a login on this connection is told.</summary>
    public AuthenticationContext Authentication => AuthenticationContext.Of("smtp", Connection, Services.Tls.Policy);

    /// <summary>How the client may log in now.</summary>
    public SaslOffer Offer => Options.OfferAuthentication && Identity is null ? Services.Login!.Offer(Authentication) : SaslOffer.None;

    public HelloKind Hello { get; private set; }

    public string? ClientName { get; private set; }

    public MailIdentity? Identity { get; private set; }

    /// <summary>As a trusted proxy told.</summary>
    public string? ClientHostName { get; private set; }

    /// <summary>What XFORWARD told of the next message.</summary>
    public ForwardedClient? Forwarded
    {
        get => _forwarded;
        set => (_forwarded, _info) = (value, null);
    }

    /// <summary>MAIL or AUTH was accepted on this connection: who the client is can no longer change.</summary>
    public bool HasWorked { get; private set; }

    /// <summary>What EHLO announces, or would.</summary>
    public SmtpExtensions Offered => Protocol.Capabilities.Offered(IsSecured, Granted);

    /// <summary>Since MAIL was accepted.</summary>
    public MailTransaction? Transaction { get; private set; }

    /// <summary>The transaction's, if anybody listens.</summary>
    public Activity? Activity { get; private set; }

    /// <summary>One per recipient of the transaction.</summary>
    public List<RecipientRoute> Routes { get; private set; } = [];

    /// <summary>The message of the transaction, once BDAT brought some of it.</summary>
    public ChunkedMessage? Chunks { get; private set; }

    public int Messages { get; set; }

    public int FailedLogins { get; set; }

    /// <summary>Set by whoever gives the session's last reply.</summary>
    public bool IsOver { get; set; }

    /// <summary>Null where there are none.</summary>
    public SmtpFilterChain? Filters { get; }

    /// <summary>Null where sessions are not recorded.</summary>
    public SessionTranscript? Transcript { get; }

    /// <summary>The path of the last MAIL.</summary>
    public ref PathCache Sender => ref _sender;

    /// <summary>The path of the last RCPT.</summary>
    public ref PathCache Recipient => ref _recipient;

    /// <summary>The body behind DATA.</summary>
    public DataBodyReader Body => _body;

    /// <summary>What a transaction that starts now is told.</summary>
    public MailSessionInfo Info => _info ??= new MailSessionInfo
    {
        ConnectionId = Connection.Id,
        Protocol = TransmissionType(),
        ServerName = Options.HostName,
        ClientName = ClientName,
        RemoteEndPoint = Connection.RemoteEndPoint,
        TlsDescription = Connection.Tls is { } tls ? TlsDescription.Of(tls) : null,
        AuthenticatedUser = Identity?.Name,
        AuthenticatedAccount = Identity?.Account.Value,
        ClientHostName = ClientHostName,
        Forwarded = Forwarded,
        IsTrustedNetwork = Options.TrustedNetworks.Contains(Connection.RemoteEndPoint),
    };

    private SmtpExtensions Granted => _trust | (Services.Directory is not null && Tells(Options.Expansion) ? SmtpExtensions.Expn : SmtpExtensions.None);

    public async Task RunAsync()
    {
        await GreetAsync().ConfigureAwait(false);
        while (!IsOver)
        {
            if (Stopping.IsCancellationRequested)
            {
                Channel.Write(SmtpReplies.Stopping);
                break;
            }

            var line = await Channel.ReadLineAsync(_command).ConfigureAwait(false);
            var reply = line.Kind != LineKind.Line ? Answer(line.Kind)
                : _rate.IsExceeded(Options.MaxCommandsPerMinute, Services.Time) ? Answer(LineKind.TooMany)
                : await RunCommandAsync(line.Octets).ConfigureAwait(false);
            if (reply is not null)
            {
                Channel.Write(CountBad(reply));
            }
        }

        await Channel.FlushAsync().ConfigureAwait(false);
    }

    public void Greet(HelloKind kind, string name)
    {
        EndTransaction();
        (Hello, ClientName, _info) = (kind, name, null);
    }

    /// <summary>After a greeting that was refused.</summary>
    public void ForgetHello() => (Hello, ClientName, _info) = (HelloKind.None, null, null);

    public void Authenticate(MailIdentity identity) => (Identity, HasWorked, _info) = (identity, true, null);

    /// <summary>Goes on as another client, whose word nothing was yet.</summary>
    public void Impersonate(MailIdentity? identity, string? hostName)
    {
        Forget();
        (Identity, ClientHostName) = (identity, hostName);
    }

    public bool Tells(AddressDisclosure disclosure) =>
        disclosure == AddressDisclosure.Everybody || (disclosure == AddressDisclosure.Authenticated && Identity is not null);

    /// <summary>The reply to EHLO and LHLO.</summary>
    public void WriteCapabilities()
    {
        Channel.Write(Protocol.HelloLine);
        var state = new SmtpSessionState(IsSecured, Granted, Offer);
        if (Protocol.Capabilities.FutureReleaseLine(in state, Services.Time.GetUtcNow()) is { } line)
        {
            Channel.Write(line);
        }

        Channel.Write(Protocol.Capabilities.Reply(in state));
    }

    /// <summary>After TLS came on: nothing that was said before counts (RFC 3207 4.2).</summary>
    public void Forget()
    {
        EndTransaction();
        Filters?.ForgetHello();
        (Hello, ClientName, Identity, _info) = (HelloKind.None, null, null, null);
    }

    /// <summary>Writes down that what follows is encrypted.</summary>
    public void NoteTls()
    {
        if (Connection.Tls is { } tls)
        {
            Transcript?.Note(TlsDescription.Of(tls));
        }
    }

    public void BeginTransaction(Envelope envelope)
    {
        HasWorked = true;
        Transaction = new MailTransaction(QueueId.Create(Services.Time), Info, envelope, Services.Time.GetUtcNow());
        Routes = new List<RecipientRoute>(1);
        Activity = Protocol.Metrics.StartTransaction(this, Transaction.QueueId);
        _began = Protocol.Metrics.Measures ? Stopwatch.GetTimestamp() : 0;
        if (Forwarded is { } forwarded)
        {
            Protocol.Log.Forwarded(Connection.Id, Transaction.QueueId, forwarded);
        }
    }

    /// <summary>Where chunks come from.</summary>
    public BodyInput ChunkInput => _chunkInput ??= new BodyInput(Channel.Framer, Services.Time);

    /// <summary>The same, for a chunk that belongs to no message.</summary>
    public BodyInput BeginInput()
    {
        ChunkInput.Begin(MessageIntake.Limits(Options), Stopping);
        return ChunkInput;
    }

    /// <summary>The message of the transaction as chunks: the one at hand or a new one.</summary>
    public ChunkedMessage BeginChunks()
    {
        if (Chunks is null)
        {
            BeginInput();
            Chunks = new ChunkedMessage(this, new ChunkedBodyReader(MessageIntake.Limits(Options), Transaction!.Envelope.Body == BodyType.BinaryMime));
        }

        return Chunks;
    }

    /// <summary>The transaction's message was answered; the length is null where it did not arrive whole.</summary>
    public void Answered(SmtpReply reply, long? length) => Protocol.Metrics.MessageEnds(Activity, reply, length, _began);

    public void EndTransaction()
    {
        if (Activity is { } activity)
        {
            SmtpMetrics.TransactionEnds(activity, Routes.Count);
            Activity = null;
        }

        Chunks?.Abandon();
        (Transaction, Chunks) = (null, null);
        if (_forwarded is not null)
        {
            Forwarded = null;
        }
    }

    /// <summary>The reply to something that is no line; null where there is nobody to read it.</summary>
    public SmtpReply? Answer(LineKind kind)
    {
        IsOver = kind is not (LineKind.TooLong or LineKind.BareLineFeed);
        return kind switch
        {
            LineKind.TooLong or LineKind.Endless => SmtpReplies.LineTooLong,
            LineKind.BareLineFeed => SmtpReplies.BareLineFeed,
            LineKind.NotMail => SmtpReplies.NotMail,
            LineKind.TimedOut => SmtpReplies.TimedOut,
            LineKind.TooMany => SmtpReplies.TooManyCommands,
            LineKind.Stopping => SmtpReplies.Stopping,
            _ => null,
        };
    }

    public ValueTask DisposeAsync()
    {
        EndTransaction();
        _body.Complete();
        Channel.Dispose();
        Transcript?.Note("closed");
        return Filters?.DisposeAsync() ?? default;
    }

    /// <summary>Asks who may connect, and says 220 or why not.</summary>
    public ValueTask GreetAsync()
    {
        if (Filters is not null)
        {
            return GreetFilteredAsync(Filters);
        }

        Channel.Write(Protocol.Greeting);
        return default;
    }

    private async ValueTask GreetFilteredAsync(SmtpFilterChain filters)
    {
        var refusal = await filters.ConnectAsync().ConfigureAwait(false);
        _isRefused = refusal is not null;
        Channel.Write(refusal is null ? Protocol.Greeting : refusal.Encoded.Span);
    }

    private ValueTask<SmtpReply?> RunCommandAsync(ReadOnlyMemory<byte> line)
    {
        var octets = line.Span;
        var space = octets.IndexOf((byte)' ');
        var verb = space < 0 ? octets : octets[..space];
        Transcript?.Command(Protocol.Commands.Find(verb)?.Verb, octets);
        if (Protocol.Commands.Find(verb) is not { } command || IsOtherDialect(command.Conditions))
        {
            return new ValueTask<SmtpReply?>(IsHttp(verb) ? Answer(LineKind.NotMail) : SmtpReplies.UnknownCommand);
        }

        // RFC 5321 3.1: after 554 in the greeting's place nothing but QUIT works.
        if (_isRefused && command.Verb != "QUIT")
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.Refused);
        }

        var argument = space < 0 ? default : line[(space + 1)..].Trim((byte)' ');
        return Refusal(command.Conditions, argument.IsEmpty) is { } refusal
            ? new ValueTask<SmtpReply?>(refusal)
            : command.RunAsync(this, argument);
    }

    /// <summary>What stands against a command under these conditions.</summary>
    public SmtpReply? Refusal(SmtpConditions conditions, bool isBare = true)
    {
        var options = Options;
        if ((conditions & SmtpConditions.BeforeTls) == 0 && Services.Tls.Policy.MustSecureFirst(IsSecured))
        {
            return SmtpReplies.TlsFirst;
        }

        if ((conditions & SmtpConditions.NoArgument) != 0 && !isBare)
        {
            return SmtpReplies.NoArgument;
        }

        if ((conditions & SmtpConditions.Hello) != 0 && Hello == HelloKind.None && options.RequireHello)
        {
            return SmtpReplies.HelloFirst;
        }

        if ((conditions & SmtpConditions.Login) != 0 && Identity is null && options.RequireAuthentication)
        {
            return SmtpReplies.LoginFirst;
        }

        if ((conditions & SmtpConditions.NoTransaction) != 0 && Transaction is not null)
        {
            return SmtpReplies.InTransaction;
        }

        if ((conditions & SmtpConditions.Transaction) != 0 && Transaction is null)
        {
            return SmtpReplies.MailFirst;
        }

        return (conditions & SmtpConditions.Recipients) != 0 && Routes.Count == 0
            ? options.Dialect.IsLmtp ? SmtpReplies.RecipientFirst : SmtpReplies.NoRecipients
            : null;
    }

    private bool IsOtherDialect(SmtpConditions conditions) =>
        (conditions & (Options.Dialect.IsLmtp ? SmtpConditions.SmtpOnly : SmtpConditions.LmtpOnly)) != 0;

    private static bool IsHttp(ReadOnlySpan<byte> verb) => verb.SequenceEqual("GET"u8) || verb.SequenceEqual("POST"u8) || verb.SequenceEqual("CONNECT"u8);

    /// <summary>The reply itself, or the one that ends a session of too many mistakes.</summary>
    private SmtpReply CountBad(SmtpReply reply)
    {
        if (reply.Code is not (>= 500 and <= 504 or 530 or 555))
        {
            return reply;
        }

        var limit = Options.RequireAuthentication && Identity is null ? Options.MaxBadCommandsBeforeAuthentication : Options.MaxBadCommands;
        if (++_badCommands <= limit || IsOver)
        {
            return reply;
        }

        IsOver = true;
        return SmtpReplies.TooManyErrors;
    }

    /// <summary>RFC 3848.</summary>
    private string TransmissionType()
    {
        var isLmtp = Options.Dialect.IsLmtp;
        if (!isLmtp && Hello != HelloKind.Ehlo && !IsSecured && Identity is null)
        {
            return "SMTP";
        }

        return (isLmtp ? "LMTP" : "ESMTP") + (IsSecured ? "S" : "") + (Identity is null ? "" : "A");
    }
}
