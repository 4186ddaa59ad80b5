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

    public List<InboundMessage> Messages { get; } = [];

    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        Entered.TrySetResult();
        await (Hold?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
        lock (Transactions)
        {
            Transactions.Add(transaction);
            Messages.Add(message);
        }

        return Replies(transaction);
    }
}

/// <summary>Delivers elsewhere, and keeps what it was told.</summary>
internal sealed class RecordingDelivery(IMessageDelivery inner, DeliveryAbilities honours, bool records = true) : IMessageDelivery
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<MailTransaction> _transactions = [];

    public IReadOnlyCollection<MailTransaction> Transactions => _transactions;

    public DeliveryAbilities Honours => inner.Honours | honours;

    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        if (records)
        {
            _transactions.Enqueue(transaction);
        }

        return inner.DeliverAsync(transaction, message, cancellationToken);
    }

    /// <summary>All that a sender wished, in one line.</summary>
    public static string Describe(MailTransaction transaction)
    {
        var envelope = transaction.Envelope;
        List<string> words = [$"<{envelope.From}>"];
        Add(envelope.Return != ReportContent.Unspecified, $"return={envelope.Return}");
        Add(envelope.EnvelopeId is not null, $"id={envelope.EnvelopeId}");
        Add(envelope.RequireTls, "tls");
        Add(envelope.HoldUntil is not null, $"hold={Seconds(envelope.HoldUntil)}");
        Add(envelope.DeliverBy is not null, $"by={Seconds(envelope.DeliverBy?.Deadline)},{envelope.DeliverBy?.Action}{(envelope.DeliverBy?.IsTraced == true ? ",traced" : "")}");
        Add(envelope.Priority != 0, $"priority={envelope.Priority}");
        Add(envelope.AuthParameter is not null, $"auth={envelope.AuthParameter}");
        words.AddRange(envelope.Parameters.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key}={pair.Value}"));
        foreach (var recipient in envelope.Recipients)
        {
            words.Add($"<{recipient}>");
            Add(recipient.Notify != ReportEvents.Unspecified, $"notify={recipient.Notify.ToString().Replace(", ", "+", StringComparison.Ordinal)}");
            Add(recipient.Original is not null, $"original={recipient.Original?.AddressType};{recipient.Original?.Address}");
            words.AddRange(recipient.Parameters.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key}={pair.Value}"));
        }

        return string.Join(' ', words);

        void Add(bool isGiven, string word)
        {
            if (isGiven)
            {
                words.Add(word);
            }
        }

        long Seconds(DateTimeOffset? date) => (long)Math.Round(((date ?? default) - transaction.ReceivedAt).TotalSeconds);
    }
}

/// <summary>Reads messages and keeps nothing, without an allocation of its own.</summary>
internal sealed class DiscardStaging : IMessageStaging
{
    private static readonly StagedMessage Nothing = new(new NoContent(), ReadOnlyMemory<byte>.Empty);

    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(MailCore.Smtp.Wire.SessionTaskBuilder<>))]
    public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
    {
        ReadResult result;
        do
        {
            result = await message.ReadAsync(cancellationToken).ConfigureAwait(false);
            message.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);

        return Nothing;
    }

    private sealed class NoContent : StagedContent, IContentReader
    {
        public override ContentId Id { get; } = new("none");

        public override long Length => 0;

        public override ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IContentReader>(this);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override ValueTask DisposeAsync() => default;
    }
}
