using System.IO.Pipelines;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Tests.Smtp;

/// <summary>Says OK, or what it is told to.</summary>
internal sealed class StubDelivery : IMessageDelivery
{
    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The delivery waits for it.</summary>
    public TaskCompletionSource? Hold { get; init; }

    public Func<MailTransaction, IReadOnlyList<SmtpReply>> Replies { get; init; } =
        static transaction => [.. Enumerable.Repeat(SmtpReply.Ok, transaction.Envelope.Recipients.Count)];

    public List<MailTransaction> Transactions { get; } = [];

    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        Entered.TrySetResult();
        await (Hold?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
        lock (Transactions)
        {
            Transactions.Add(transaction);
        }

        return Replies(transaction);
    }
}

/// <summary>Reads messages and keeps nothing, without an allocation of its own.</summary>
internal sealed class DiscardStaging : IMessageStaging
{
    private static readonly StagedMessage Nothing = new(new NoContent(), ReadOnlyMemory<byte>.Empty);

    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
    {
        await DrainAsync(message, cancellationToken).ConfigureAwait(false);
        return Nothing;
    }

    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask DrainAsync(PipeReader message, CancellationToken cancellationToken)
    {
        ReadResult result;
        do
        {
            result = await message.ReadAsync(cancellationToken).ConfigureAwait(false);
            message.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
    }

    private sealed class NoContent : StagedContent
    {
        public override ContentId Id { get; } = new("none");

        public override long Length => 0;

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IContentReader>(new NoOctets());

        public override ValueTask DisposeAsync() => default;
    }

    private sealed class NoOctets : IContentReader
    {
        public long Length => 0;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) => ValueTask.FromResult(0);

        public ValueTask DisposeAsync() => default;
    }
}
