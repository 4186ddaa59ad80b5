using System.IO.Pipelines;

namespace MailCore.Storage;

/// <summary>
/// Where a message's octets wait between the client that sends them and the delivery that takes them. <see cref="MailAccounts"/> is
/// the one to use with a store; others serve hosts that keep nothing. Thread-safe.
/// </summary>
public interface IMessageStaging
{
    /// <summary>
    /// Reads <paramref name="message"/> to its end; the caller completes the reader. If reading fails or is cancelled nothing stays
    /// behind and the reader's exception is passed on.
    /// </summary>
    ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken);
}
