namespace MailCore.Delivery;

/// <summary>Remembers the latest steps as long as the process lives. Thread-safe.</summary>
public sealed class InMemoryMessageTrace : IMessageTrace
{
    /// <summary>Steps kept by default; later ones take the place of the oldest.</summary>
    public const int DefaultSteps = 16_384;

    private readonly MessageStep?[] _steps;
    private long _next;

    /// <summary>Keeps so many steps, about a third of a kilobyte each.</summary>
    public InMemoryMessageTrace(int steps = DefaultSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        _steps = new MessageStep?[steps];
    }

    /// <inheritdoc/>
    public void Note(MessageStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var place = (Interlocked.Increment(ref _next) - 1) % _steps.Length;
        Volatile.Write(ref _steps[place], step);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MessageStep>> FindAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        var next = Volatile.Read(ref _next);
        var kept = new List<MessageStep>();
        for (var i = Math.Max(0, next - _steps.Length); i < next; i++)
        {
            // One that was just counted may not be there yet.
            if (Volatile.Read(ref _steps[i % _steps.Length]) is { } step)
            {
                kept.Add(step);
            }
        }

        return ValueTask.FromResult<IReadOnlyList<MessageStep>>(Select(kept, name));
    }

    private static List<MessageStep> Select(List<MessageStep> steps, string name)
    {
        var messageId = MessageTraceNames.MessageId(name);
        var wanted = steps.Where(step => step.MessageId == messageId).Select(static step => step.QueueId)
            .Append(MessageTraceNames.QueueId(name))
            .ToHashSet(StringComparer.Ordinal);
        return [.. steps.Where(step => wanted.Contains(step.QueueId)).OrderBy(static step => step.QueueId, StringComparer.Ordinal).ThenBy(static step => step.At)];
    }
}
