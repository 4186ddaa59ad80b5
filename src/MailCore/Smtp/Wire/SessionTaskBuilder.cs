using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace MailCore.Smtp.Wire;

/// <summary>
/// Builds asynchronous methods whose state is kept for the next call. The framework's pooling builder keeps one object per processor,
/// and as many sessions as wait at the same time make new ones for each message; this one keeps <see cref="MaxKept"/> for each method.
/// </summary>
/// <remarks>What is returned is awaited once, as a <see cref="ValueTask{TResult}"/> must be.</remarks>
internal struct SessionTaskBuilder<TResult>
{
    /// <summary>Sessions that wait in one method without an allocation.</summary>
    public const int MaxKept = 256;

    private SessionTaskBox<TResult>? _box;
    private TResult _result;

    public static SessionTaskBuilder<TResult> Create() => default;

    public readonly ValueTask<TResult> Task => _box is { } box ? new ValueTask<TResult>(box, box.Version) : new ValueTask<TResult>(_result);

    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        _box = null;
        // What the synchronous part changes of the context is its own.
        var context = ExecutionContext.Capture();
        stateMachine.MoveNext();
        if (context is not null && !ReferenceEquals(context, ExecutionContext.Capture()))
        {
            ExecutionContext.Restore(context);
        }
    }

    /// <summary>For state machines that box themselves, of which the compiler makes no more.</summary>
    public void SetStateMachine(IAsyncStateMachine stateMachine) => _box = null;

    public void SetResult(TResult result)
    {
        if (_box is { } box)
        {
            box.SetResult(result);
        }
        else
        {
            _result = result;
        }
    }

    public void SetException(Exception exception) => (_box ??= new SessionTaskBox<TResult>.Failed()).SetException(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.OnCompleted(Box(ref stateMachine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.UnsafeOnCompleted(Box(ref stateMachine));

    private Action Box<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_box is SessionTaskBox<TResult>.Of<TStateMachine> known)
        {
            return known.Prepare(ExecutionContext.Capture());
        }

        var box = SessionTaskBox<TResult>.Of<TStateMachine>.Rent();
        // Before the copy, so that the copy knows its box.
        _box = box;
        box.StateMachine = stateMachine;
        return box.Prepare(ExecutionContext.Capture());
    }
}

/// <summary>Where an asynchronous method waits, and its result.</summary>
internal abstract class SessionTaskBox<TResult> : IValueTaskSource<TResult>
{
    private ManualResetValueTaskSourceCore<TResult> _core;

    public short Version => _core.Version;

    public void SetResult(TResult result) => _core.SetResult(result);

    public void SetException(Exception exception) => _core.SetException(exception);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    public TResult GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            Release();
        }
    }

    protected abstract void Release();

    /// <summary>A method that failed before it waited.</summary>
    public sealed class Failed : SessionTaskBox<TResult>
    {
        protected override void Release()
        {
        }
    }

    /// <summary>The box of one method.</summary>
    public sealed class Of<TStateMachine> : SessionTaskBox<TResult>
        where TStateMachine : IAsyncStateMachine
    {
        private static readonly ConcurrentQueue<Of<TStateMachine>> Kept = new();
        private static readonly ContextCallback Move = static box => ((Of<TStateMachine>)box!).StateMachine!.MoveNext();
        private readonly Action _continue;
        private ExecutionContext? _context;

        private Of() => _continue = Continue;

        public TStateMachine? StateMachine;

        public static Of<TStateMachine> Rent() => Kept.TryDequeue(out var box) ? box : new Of<TStateMachine>();

        /// <summary>What goes on with the method, in this context.</summary>
        public Action Prepare(ExecutionContext? context)
        {
            _context = context;
            return _continue;
        }

        protected override void Release()
        {
            (StateMachine, _context) = (default, null);
            if (Kept.Count < SessionTaskBuilder<TResult>.MaxKept)
            {
                Kept.Enqueue(this);
            }
        }

        private void Continue()
        {
            if (_context is { } context)
            {
                ExecutionContext.Run(context, Move, this);
            }
            else
            {
                StateMachine!.MoveNext();
            }
        }
    }
}
