namespace MailCore.Testing.Storage;

/// <summary>
/// Cancels a token at the n-th time that something awaited goes on: what is awaited under this context comes back through it. Work
/// that a store hands to threads of its own is not counted.
/// </summary>
internal sealed class CancelAtAwait : SynchronizationContext, IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private int _left;

    private CancelAtAwait(int at) => _left = at;

    /// <summary>
    /// Runs the operation with a token that is cancelled before its first step (0) or at its n-th await. Returns what it returned, or
    /// default when it was cancelled, and whether the n-th await was reached at all.
    /// </summary>
    public static async Task<(bool Reached, bool Completed, T? Result)> RunAsync<T>(StoreProbe s, int at, Func<CancellationToken, Task<T>> operation)
    {
        using var context = new CancelAtAwait(at);
        if (at == 0)
        {
            await context._source.CancelAsync();
        }

        try
        {
            var result = await context.Start(operation).WaitAsync(s.Target.Patience);
            return (context._source.IsCancellationRequested, true, result);
        }
        catch (OperationCanceledException)
        {
            Check.That(context._source.IsCancellationRequested, "A call was cancelled by itself.");
            return (true, false, default);
        }
        catch (TimeoutException e)
        {
            throw new ConformanceException($"A call whose token was cancelled at await {at} does not end.", e);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _source.Cancel();
        }

        ThreadPool.QueueUserWorkItem(_ => Under(() => d(state)));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    public void Dispose()
    {
        // What hangs may go on one day.
        Volatile.Write(ref _left, int.MaxValue);
        _source.Dispose();
    }

    private Task<T> Start<T>(Func<CancellationToken, Task<T>> operation)
    {
        Task<T>? task = null;
        Under(() => task = operation(_source.Token));
        return task!;
    }

    private void Under(Action run)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            run();
        }
        finally
        {
            SetSynchronizationContext(previous);
        }
    }
}
