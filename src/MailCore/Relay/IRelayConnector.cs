using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>Opens sessions to next hops: finds the hosts, connects to them in their order, secures the connection and logs in. Thread-safe.</summary>
internal interface IRelayConnector
{
    /// <summary>
    /// The next hop of mail for which the router named none: a smart host for the recipient's domain, for the sender, or for
    /// everything, and otherwise the recipient's domain. Asked once, when the message is queued.
    /// </summary>
    NextHop FindHop(ReversePath sender, EmailAddress recipient);

    /// <summary>
    /// Sessions with equal keys may carry each other's mail: the hop, and whose login it takes there (a smart host may know several),
    /// and what the messages wish for.
    /// </summary>
    string SessionKey(NextHop hop, ReversePath sender, MessageTls wish);

    /// <summary>
    /// One session for any number of messages, or why there is none. What can't be done is a value; only cancellation throws.
    /// <paramref name="wish"/> is that of the messages.
    /// </summary>
    ValueTask<RelayConnection> ConnectAsync(NextHop hop, ReversePath sender, MessageTls wish, CancellationToken cancellationToken);
}

/// <summary>A session, or an outcome that holds for every recipient at the hop.</summary>
internal readonly record struct RelayConnection(RelaySession? Session, RelayOutcome Failure);

/// <summary>A session with one server. One caller at a time.</summary>
internal abstract class RelaySession : IAsyncDisposable
{
    /// <summary>The server's name, for reports and logs.</summary>
    public abstract string RemoteName { get; }

    /// <summary>Another message may be sent; false after a failure of the connection or 421.</summary>
    public abstract bool IsUsable { get; }

    /// <summary>
    /// One transaction: one outcome for each recipient of the message's envelope, in order. Never throws but for cancellation; a
    /// connection that breaks leaves <see cref="RelayStatus.Deferred"/> for all whose fate is not known.
    /// </summary>
    public abstract ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(RelayMessage message, CancellationToken cancellationToken);

    /// <summary>
    /// What the server answers to RCPT for mail from the null path, of which nothing is sent; null where it says nothing of recipients. The
    /// session is of no more use.
    /// </summary>
    public virtual ValueTask<SmtpReply?> ProbeAsync(EmailAddress recipient, CancellationToken cancellationToken) => new((SmtpReply?)null);

    /// <summary>Takes leave with QUIT and closes.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>One message for one transaction; its envelope holds the recipients of this transaction only.</summary>
/// <param name="QueueId">For logs.</param>
/// <param name="Envelope">Sender (already rewritten by SRS where that is wanted), recipients, wishes.</param>
/// <param name="Content">The octets to be sent, trace and added fields included; the caller disposes it.</param>
internal sealed record RelayMessage(string QueueId, Envelope Envelope, MessageContent Content);

/// <summary>What became of one recipient in one attempt.</summary>
/// <param name="Status">The kind of it.</param>
/// <param name="Reply">The remote server's reply, or our own where there was none, with an enhanced status code.</param>
/// <param name="RemoteName">The server that replied; null when none did.</param>
internal sealed record RelayOutcome(RelayStatus Status, SmtpReply Reply, string? RemoteName = null)
{
    /// <summary>The server took over the sender's wishes for reports (RFC 3461 5.2.1), so that none is ours to send for success.</summary>
    public bool PassesReportsOn { get; init; }

    /// <summary>The server took over the wish for a time of delivery (RFC 2852); a sender who traces it is told where none does.</summary>
    public bool PassesDeadlineOn { get; init; }

    /// <summary>
    /// The session had ended while it was idle, and nothing was sent: to be sent over a new one at once, and no attempt to be counted.
    /// </summary>
    public bool WasNotTried { get; init; }

    /// <summary>Nothing at the hop answered, or it refuses everybody: the hop is to be left alone for a while, not only this message.</summary>
    public bool ConcernsHop { get; init; }
}

/// <summary>The kinds of outcomes.</summary>
internal enum RelayStatus
{
    /// <summary>Another server has it.</summary>
    Sent,

    /// <summary>To be tried again.</summary>
    Deferred,

    /// <summary>Given up.</summary>
    Failed,
}
