using MailCore.Storage;

namespace MailCore.Testing.Storage;

/// <summary>One thing that every store must do. Framework-neutral: run it from any test.</summary>
public sealed class ConformanceCase
{
    private readonly Func<StoreProbe, Task> _run;

    internal ConformanceCase(string name, StoreTraits requires, Func<StoreProbe, Task> run) => (Name, Requires, _run) = (name, requires, run);

    /// <summary>Says what is expected, in words joined by underscores.</summary>
    public string Name { get; }

    /// <summary>What a store must offer for this to be expected of it.</summary>
    public StoreTraits Requires { get; }

    /// <summary>
    /// Makes a store, tries it and disposes of it. Returns false when the store does not claim <see cref="Requires"/>; throws
    /// <see cref="ConformanceException"/> when it does not do as the contract says, or whatever the store threw.
    /// </summary>
    public async Task<bool> RunAsync(Func<ConformanceOptions, Task<IConformanceTarget>> factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        await using var target = await factory(new ConformanceOptions(Name));
        if ((target.Store.Traits & Requires) != Requires)
        {
            return false;
        }

        var probe = new StoreProbe(target);
        await _run(probe);
        await probe.VerifyAsync();
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A store that does not do as the contract says.</summary>
public sealed class ConformanceException : Exception
{
    /// <summary>Says what was expected and what came.</summary>
    public ConformanceException(string message)
        : base(message)
    {
    }

    /// <summary>Says what was expected and what came, and why.</summary>
    public ConformanceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Says nothing.</summary>
    public ConformanceException()
    {
    }
}

/// <summary>What a store is made for.</summary>
/// <param name="Case">Name of the case; each gets a store of its own, empty at first.</param>
public sealed record ConformanceOptions(string Case);

/// <summary>A store under test. Disposing removes it and all it kept.</summary>
public interface IConformanceTarget : IAsyncDisposable
{
    /// <summary>The store; another object after <see cref="ReopenAsync"/>.</summary>
    IMailStore Store { get; }

    /// <summary>The clock that the store was given.</summary>
    ManualTimeProvider Clock { get; }

    /// <summary>How long one call may take before it counts as one that never ends.</summary>
    TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>Makes an account where the store does not make it on first use.</summary>
    ValueTask<AccountId> CreateAccountAsync(string name) => ValueTask.FromResult(new AccountId(name));

    /// <summary>
    /// Adds messages to the inbox as the application does; false when it can't. Needed only for stores without <see cref="StoreTraits.Append"/>.
    /// </summary>
    ValueTask<bool> AddMessagesAsync(AccountId account, int count) => ValueTask.FromResult(false);

    /// <summary>Closes the store and opens it again on what it kept; false when there is nothing to open again.</summary>
    ValueTask<bool> ReopenAsync() => ValueTask.FromResult(false);

    /// <summary>Contents stored, those staged included; null when that can't be told.</summary>
    ValueTask<int?> CountContentsAsync() => ValueTask.FromResult<int?>(null);
}
