using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>
/// Something the writer does inside a transaction that it may share with others. Called on the writer's thread, first
/// <see cref="Run"/>, then exactly one of the two others.
/// </summary>
internal abstract class WriteWork
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int _state;

    /// <summary>Octets it will write, roughly; keeps transactions from growing too large.</summary>
    public virtual long Weight => 0;

    /// <summary>Whether it makes do without the transaction that the writer otherwise has open.</summary>
    public virtual bool IsAlone => false;

    /// <summary>Alters the database. Called once more, from the start, when the transaction failed for the sake of another work.</summary>
    public abstract void Run(StoreConnection db);

    /// <summary>The transaction is on stable storage and visible.</summary>
    public abstract void Committed();

    /// <summary>Nothing of it took effect.</summary>
    public abstract void Failed(Exception exception);

    /// <summary>By the writer: false when the work was withdrawn.</summary>
    internal bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>By the waiter: false when the writer has begun, and the outcome is to be waited for.</summary>
    internal bool TryWithdraw() => Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting;
}

/// <summary>A work that somebody awaits.</summary>
internal abstract class WriteWork<T> : WriteWork
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected abstract T Result { get; }

    public override void Committed() => _completion.SetResult(Result);

    public override void Failed(Exception exception) => _completion.SetException(exception);

    /// <summary>
    /// Hands the work to the writer and waits. Cancelling withdraws it as long as the writer has not begun; after that the outcome
    /// is reported, whatever the token says.
    /// </summary>
    public async Task<T> RunAsync(Writer writer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        writer.Enqueue(this);
        using var registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var work = (WriteWork<T>)state!;
                if (work.TryWithdraw())
                {
                    work._completion.SetCanceled(token);
                }
            },
            this);
        return await _completion.Task;
    }
}

/// <summary>A work given as a function.</summary>
internal sealed class WriteFunction<T>(Func<StoreConnection, T> function) : WriteWork<T>
{
    private T _result = default!;

    protected override T Result => _result;

    public override void Run(StoreConnection db) => _result = function(db);
}
