namespace MailCore.Storage;

/// <summary>Small facts that outlive a session: greylists, bans, policy caches. Thread-safe; values are copied.</summary>
public interface IServerState
{
    /// <summary>The value, or null when there is none or it has expired.</summary>
    ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>Sets, or with a null value removes; gone at <paramref name="expires"/> at the latest.</summary>
    ValueTask SetAsync(string key, ReadOnlyMemory<byte>? value, DateTimeOffset expires, CancellationToken cancellationToken);
}
