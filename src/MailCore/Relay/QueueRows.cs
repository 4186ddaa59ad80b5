namespace MailCore.Relay;

/// <summary>What an <see cref="IndexedRelayQueue"/> holds in memory of each item; the rest stays where it is kept.</summary>
public sealed record QueueRow
{
    /// <summary>Unique, and higher than those of older items.</summary>
    public required long Item { get; init; }

    /// <inheritdoc cref="QueueEntry.QueueId"/>
    public required string QueueId { get; init; }

    /// <summary>Its virtual queue.</summary>
    public required QueueLane Lane { get; init; }

    /// <inheritdoc cref="QueuedItem.Destination"/>
    public required string Destination { get; init; }

    /// <inheritdoc cref="QueuedItem.Sender"/>
    public required string Sender { get; init; }

    /// <inheritdoc cref="QueuedItem.Priority"/>
    public required int Priority { get; init; }

    /// <inheritdoc cref="QueuedItem.Size"/>
    public required long Size { get; init; }

    /// <inheritdoc cref="QueueEntry.AcceptedAt"/>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>What changes.</summary>
    public required QueueRowState State { get; init; }
}

/// <summary>What changes of an item while it waits.</summary>
/// <param name="Attempts">Attempts begun.</param>
/// <param name="NextAttempt">When it is due.</param>
/// <param name="Alarm">When it is given whatever is known of its destination.</param>
/// <param name="IsHeld">It waits for a release.</param>
/// <param name="WasWarned">Its sender knows of the delay.</param>
public readonly record struct QueueRowState(int Attempts, DateTimeOffset NextAttempt, DateTimeOffset? Alarm, bool IsHeld, bool WasWarned);

/// <summary>What is kept of an item beside its row.</summary>
/// <param name="Entry">The message; its recipients are not read.</param>
/// <param name="Recipients">Those of the item.</param>
/// <param name="LastReply">What was said of it last.</param>
public sealed record QueueDetails(QueueEntry Entry, IReadOnlyList<QueueRecipient> Recipients, string? LastReply);

/// <summary>A change of one item, to be kept.</summary>
/// <param name="Row">The item; its state is the one from before.</param>
/// <param name="State">The state to keep; null removes the item, and with its last item the message.</param>
public readonly record struct QueueChange(QueueRow Row, QueueRowState? State)
{
    /// <summary>The recipients left, where they changed.</summary>
    public IReadOnlyList<QueueRecipient>? Recipients { get; init; }

    /// <summary>What was said, where something was.</summary>
    public string? Reply { get; init; }
}
