using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using MailCore.Storage;

namespace MailCore.Load.Servers;

/// <summary>Counts a message's octets and drops them: what is left is the engine's own work.</summary>
internal sealed class DiscardStaging : IMessageStaging
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
    {
        var length = 0L;
        ReadResult result;
        do
        {
            result = await message.ReadAsync(cancellationToken);
            length += result.Buffer.Length;
            message.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);

        return new StagedMessage(new Dropped(length), ReadOnlyMemory<byte>.Empty);
    }

    private sealed class Dropped(long length) : StagedContent, IContentReader
    {
        public override ContentId Id => new("dropped");

        public override long Length => length;

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IContentReader>(this);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) =>
            throw new NotSupportedException("The octets are gone.");

        public override ValueTask DisposeAsync() => default;
    }
}
