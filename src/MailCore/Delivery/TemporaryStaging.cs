using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// Staging without a store: small messages wait in pooled memory, larger ones in a file that is deleted when they are disposed. No
/// summary is made, and no store can commit what is staged here. Thread-safe.
/// </summary>
public sealed class TemporaryStaging : IMessageStaging
{
    /// <summary>Files are made in <paramref name="folder"/>, by default the system's temporary folder.</summary>
    public TemporaryStaging(string? folder = null) => _ = folder;

    /// <inheritdoc/>
    public ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken) => throw new NotImplementedException();
}
