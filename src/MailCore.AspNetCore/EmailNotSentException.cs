namespace MailCore.AspNetCore;

/// <summary>The server did not take the message; the text is its reply.</summary>
public sealed class EmailNotSentException : IOException
{
    internal EmailNotSentException(string queueId, string reply, bool isTransient)
        : base($"The message was not sent: {reply}") => (QueueId, IsTransient) = (queueId, isTransient);

    /// <summary>The message, in the log and the trace.</summary>
    public string QueueId { get; }

    /// <summary>Whether the same may work later.</summary>
    public bool IsTransient { get; }
}
