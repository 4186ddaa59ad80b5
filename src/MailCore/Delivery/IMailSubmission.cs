using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>How a host sends mail in process: by the router and the delivery that the wire uses. Thread-safe.</summary>
public interface IMailSubmission
{
    /// <summary>
    /// Sends a message, read to the end of the stream, as the host itself: any sender is allowed and any recipient that the router can
    /// place. Line ends become CRLF. Recipients that are refused are in the result; those that are not are delivered.
    /// </summary>
    ValueTask<SubmissionResult> SubmitAsync(Envelope envelope, Stream message, CancellationToken cancellationToken);
}

/// <summary>What became of a message.</summary>
/// <param name="QueueId">As in its Received header and in the log.</param>
/// <param name="Replies">One per recipient, in order.</param>
public sealed record SubmissionResult(string QueueId, IReadOnlyList<SmtpReply> Replies);
