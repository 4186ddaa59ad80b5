using System.Collections.Immutable;

namespace MailCore.Testing.Accounts;

/// <summary>Messages in the order they came, and a way to wait for the next. Thread-safe.</summary>
internal sealed class Arrivals
{
    private readonly Lock _lock = new();
    private ImmutableList<ReceivedMessage> _messages = [];
    private TaskCompletionSource _next = NewSource();

    public IReadOnlyList<ReceivedMessage> Messages => Volatile.Read(ref _messages);

    public void Add(ReceivedMessage message)
    {
        TaskCompletionSource next;
        lock (_lock)
        {
            _messages = _messages.Add(message);
            (next, _next) = (_next, NewSource());
        }

        next.SetResult();
    }

    public void Clear()
    {
        lock (_lock)
        {
            _messages = [];
        }
    }

    /// <summary>Messages that match, as soon as there are <paramref name="count"/>; null when the time is up before. By the machine's clock.</summary>
    public async Task<IReadOnlyList<ReceivedMessage>?> WaitAsync(
        Func<ReceivedMessage, bool>? matches, int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            var (messages, next) = Look();
            IReadOnlyList<ReceivedMessage> found = matches is null ? messages : [.. messages.Where(matches)];
            if (found.Count >= count)
            {
                return found;
            }

            try
            {
                await next.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // What came at the last moment counts.
                found = matches is null ? Messages : [.. Messages.Where(matches)];
                return found.Count >= count ? found : null;
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private (ImmutableList<ReceivedMessage> Messages, Task Next) Look()
    {
        lock (_lock)
        {
            return (_messages, _next.Task);
        }
    }
}
