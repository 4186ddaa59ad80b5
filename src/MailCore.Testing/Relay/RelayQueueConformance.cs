using System.Runtime.CompilerServices;
using MailCore.Relay;

namespace MailCore.Testing.Relay;

/// <summary>The contract of <see cref="IRelayQueue"/> as cases to run: a queue is one only when it passes all.</summary>
public static class RelayQueueConformance
{
    /// <summary>All cases; independent of each other.</summary>
    public static IReadOnlyList<QueueConformanceCase> Cases { get; } = [.. LeaseCases.All, .. OrderCases.All, .. QueueChangeCases.All];

    internal static QueueConformanceCase Case(Func<QueueProbe, Task> run, [CallerArgumentExpression(nameof(run))] string name = "") => new(name, run);
}

/// <summary>One thing that every queue must do. Framework-neutral: run it from any test.</summary>
public sealed class QueueConformanceCase
{
    private readonly Func<QueueProbe, Task> _run;

    internal QueueConformanceCase(string name, Func<QueueProbe, Task> run) => (Name, _run) = (name, run);

    /// <summary>Says what is expected, in words joined by underscores.</summary>
    public string Name { get; }

    /// <summary>Makes a queue, tries it and disposes of it; throws <see cref="Storage.ConformanceException"/> when it does not do as the contract says.</summary>
    public async Task RunAsync(Func<string, Task<IQueueConformanceTarget>> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        await using var target = await factory(Name);
        await _run(new QueueProbe(target));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A queue under test, empty at first. Disposing removes it and all it kept.</summary>
public interface IQueueConformanceTarget : IAsyncDisposable
{
    /// <summary>The queue; another object after <see cref="ReopenAsync"/>.</summary>
    IRelayQueue Queue { get; }

    /// <summary>The clock that the queue was given.</summary>
    ManualTimeProvider Clock { get; }

    /// <summary>Opens the queue again on what it kept, as after a crash: nothing that was leased is given back before. False when it keeps nothing.</summary>
    ValueTask<bool> ReopenAsync() => ValueTask.FromResult(false);
}
