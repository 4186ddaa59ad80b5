using System.Net;

namespace MailCore.Messaging;

/// <summary>
/// One message on its way: the facts of the session that brought it, and its envelope. Belongs to one session and is not
/// thread-safe.
/// </summary>
public sealed class MailTransaction
{
    private IDictionary<object, object?>? _items;
    private HeaderEdits? _headers;

    /// <summary>Starts a transaction.</summary>
    public MailTransaction(string queueId, MailSessionInfo session, Envelope envelope, DateTimeOffset receivedAt) =>
        (QueueId, Session, Envelope, ReceivedAt) = (queueId, session, envelope, receivedAt);

    /// <summary>Names the message in its Received header, in replies and in logs. Letters and digits; unique in practice.</summary>
    public string QueueId { get; }

    /// <summary>Who brought it, and how.</summary>
    public MailSessionInfo Session { get; }

    /// <summary>From whom, to whom.</summary>
    public Envelope Envelope { get; }

    /// <summary>When MAIL was accepted.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>For filters and handlers of one host to leave notes for each other.</summary>
    public IDictionary<object, object?> Items => _items ??= new Dictionary<object, object?>();

    /// <summary>Changes that filters want in the message's header; made when the filters have been asked.</summary>
    public HeaderEdits Headers => _headers ??= new HeaderEdits();

    /// <summary>Why a filter put the message apart; null for a message like any other. Local delivery puts it into the Junk mailbox.</summary>
    public string? QuarantineReason { get; private set; }

    /// <summary>
    /// Whole fields that came up after the message was staged: signatures, and what filters added when they had seen all of it. A
    /// delivery writes them before the content, below its own trace.
    /// </summary>
    public ReadOnlyMemory<byte> AddedFields { get; private set; }

    /// <summary>The same message with another envelope; the notes are shared.</summary>
    public MailTransaction With(Envelope envelope) =>
        new(QueueId, Session, envelope, ReceivedAt) { _items = Items, QuarantineReason = QuarantineReason, AddedFields = AddedFields, IsPart = IsPart, RepeatedKey = RepeatedKey };

    /// <summary>Others get the message by another delivery, and the sender may have one reply for all.</summary>
    internal bool IsPart { get; set; }

    /// <summary>The delivery key of the transaction that this one repeats; null for none that is known.</summary>
    internal string? RepeatedKey { get; set; }

    /// <summary>A filter wants nobody to get it.</summary>
    internal bool IsDiscarded { get; set; }

    /// <summary>What a filter said to the message itself.</summary>
    internal SmtpReply? Refusal { get; set; }

    internal bool HasHeaderEdits => _headers is { IsEmpty: false };

    /// <summary>The first reason stays.</summary>
    internal void Quarantine(string reason) => QuarantineReason ??= reason;

    internal void AddField(ReadOnlyMemory<byte> field) =>
        AddedFields = AddedFields.IsEmpty ? field : (byte[])[.. field.Span, .. AddedFields.Span];
}

/// <summary>What a session knows of its client when a transaction starts; immutable.</summary>
public sealed record MailSessionInfo
{
    /// <summary>The connection's id, as in the logs.</summary>
    public required string ConnectionId { get; init; }

    /// <summary>The transmission type for the Received header's "with" (RFC 3848): SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, LMTP, ...</summary>
    public required string Protocol { get; init; }

    /// <summary>This server's name.</summary>
    public required string ServerName { get; init; }

    /// <summary>What the client called itself in EHLO, HELO or LHLO; validated, but not verified.</summary>
    public string? ClientName { get; init; }

    /// <summary>The client's address; after the PROXY protocol the one it told. Null or no IP for Unix sockets and memory.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>Such as "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"; null in cleartext.</summary>
    public string? TlsDescription { get; init; }

    /// <summary>The login name that authenticated; null for strangers.</summary>
    public string? AuthenticatedUser { get; init; }

    /// <summary>The account that authenticated; null for strangers.</summary>
    public string? AuthenticatedAccount { get; init; }

    /// <summary>The client's own name as a trusted proxy looked it up (XCLIENT); null where none told.</summary>
    public string? ClientHostName { get; init; }

    /// <summary>Where a content filter says that it has the message from (XFORWARD); null where none told. Decides nothing.</summary>
    public ForwardedClient? Forwarded { get; init; }

    /// <summary>The host itself sends, by <c>IMailSubmission</c>, and may send anywhere.</summary>
    public bool IsLocal { get; init; }

    /// <summary>The client has not authenticated, but comes from a network that the host trusts.</summary>
    public bool IsTrustedNetwork { get; init; }

    /// <summary>Each recipient's reply reaches the client (RFC 2033).</summary>
    internal bool IsLmtp => Protocol.StartsWith("LMTP", StringComparison.Ordinal);

    /// <summary>
    /// The queue tries a mailbox again that could not take the message at first. Aliases and forwards were followed then, and are not again:
    /// an account's address leads to its mailbox and nowhere else.
    /// </summary>
    public bool IsRedelivery { get; init; }

    /// <summary>Outward mail is taken from this session; a stranger reaches only what is ours.</summary>
    public bool MaySendOutward => IsLocal || AuthenticatedAccount is not null || IsTrustedNetwork;
}

/// <summary>A client that the engine has not seen itself. Null is not known.</summary>
public sealed record ForwardedClient
{
    /// <summary>By reverse look-up.</summary>
    public string? HostName { get; init; }

    /// <summary>Its address.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Its port.</summary>
    public int? Port { get; init; }

    /// <summary>SMTP or ESMTP.</summary>
    public string? Protocol { get; init; }

    /// <summary>What it called itself.</summary>
    public string? ClientName { get; init; }

    /// <summary>The message's queue id where it first arrived.</summary>
    public string? Identifier { get; init; }

    /// <summary>It belongs to the forwarder's own site.</summary>
    public bool? IsLocal { get; init; }
}
