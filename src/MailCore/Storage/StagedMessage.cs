namespace MailCore.Storage;

/// <summary>
/// A message received but not yet in any mailbox: its octets and the summary computed while they streamed in. Disposing gives
/// up the octets unless a commit took them.
/// </summary>
public sealed class StagedMessage : IAsyncDisposable
{
    /// <summary>Joins content with its summary.</summary>
    public StagedMessage(StagedContent content, ReadOnlyMemory<byte> summary)
    {
        ArgumentNullException.ThrowIfNull(content);
        (Content, Summary) = (content, summary);
    }

    /// <summary>The octets.</summary>
    public StagedContent Content { get; }

    /// <summary>For <see cref="AppendMessage.Summary"/>; empty where none was made.</summary>
    public ReadOnlyMemory<byte> Summary { get; }

    /// <summary>Octets, without any prefix.</summary>
    public long Length => Content.Length;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
