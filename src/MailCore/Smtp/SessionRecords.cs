using System.Diagnostics.CodeAnalysis;
using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>How much is kept of past sessions.</summary>
public sealed class SessionRecordOptions
{
    /// <summary>Messages whose envelopes are known, at the most; the oldest goes first. 1,000 by default.</summary>
    public int MaxMessages { get; set; } = 1_000;

    /// <summary>Sessions whose dialogs are known, at the most; the oldest goes first. 200 by default.</summary>
    public int MaxSessions { get; set; } = 200;

    /// <summary>Characters of one dialog, at the most; what comes behind is counted. 16 K by default.</summary>
    public int MaxTranscript { get; set; } = 16 * 1024;
}

/// <summary>
/// Envelopes and dialogs of the last sessions of SMTP, submission and LMTP, for people to read. A dialog holds no secret: what belongs to
/// a login, and what is no command, stands as "***"; so do messages, as a number of octets. Thread-safe.
/// </summary>
public sealed class SessionRecords
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RecordedMessage> _messages = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Queue<SessionTranscript> _sessions = new();
    private readonly SessionRecordOptions _options;

    /// <summary>Keeps so much.</summary>
    public SessionRecords(SessionRecordOptions? options = null)
    {
        _options = options ?? new SessionRecordOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxMessages, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxSessions, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(_options.MaxTranscript, nameof(options));
    }

    /// <summary>By its queue id, which is in the reply to the sender and in the Received field; false when it is not known any more.</summary>
    public bool TryFind(string queueId, [NotNullWhen(true)] out RecordedMessage? message)
    {
        lock (_lock)
        {
            return _messages.TryGetValue(queueId, out message);
        }
    }

    internal SessionTranscript Begin()
    {
        var transcript = new SessionTranscript(_options.MaxTranscript);
        lock (_lock)
        {
            _sessions.Enqueue(transcript);
            if (_sessions.Count > _options.MaxSessions)
            {
                _sessions.Dequeue().Forget();
            }
        }

        return transcript;
    }

    internal void Add(MailTransaction transaction, SessionTranscript transcript)
    {
        var message = new RecordedMessage(transaction, transcript);
        lock (_lock)
        {
            _messages[transaction.QueueId] = message;
            _order.Enqueue(transaction.QueueId);
            if (_order.Count > _options.MaxMessages)
            {
                _messages.Remove(_order.Dequeue());
            }
        }
    }
}

/// <summary>What the session said that brought a message.</summary>
public sealed class RecordedMessage
{
    /// <summary>Recipients kept of one message.</summary>
    internal const int MaxRecipients = 1_000;

    private readonly SessionTranscript _transcript;

    internal RecordedMessage(MailTransaction transaction, SessionTranscript transcript)
    {
        (QueueId, Session, From, _transcript) = (transaction.QueueId, transaction.Session, transaction.Envelope.From, transcript);
        Recipients = [.. transaction.Envelope.Recipients.Take(MaxRecipients).Select(static recipient => recipient.Address)];
    }

    /// <summary>Names the message.</summary>
    public string QueueId { get; }

    /// <summary>Who brought it, and how.</summary>
    public MailSessionInfo Session { get; }

    /// <summary>What MAIL said.</summary>
    public ReversePath From { get; }

    /// <summary>What RCPT said, those of a Bcc included: the recipients that were taken, the first 1,000 of them.</summary>
    public IReadOnlyList<EmailAddress> Recipients { get; }

    /// <summary>
    /// What was said up to now, line by line: "C: " before what the client said, "S: " before what the server said, "-- " before what
    /// happened. Null when it is no longer kept.
    /// </summary>
    public string? Transcript => _transcript.Text;
}
