namespace MailCore.Storage;

/// <summary>
/// Wakes those who wait for changes of an account. A hint, never the truth: one that gets lost costs time, not correctness.
/// </summary>
public interface IChangeSignal
{
    /// <summary>Calls <paramref name="hint"/> after commits until disposal. The callback runs on the committer's thread and must not block or throw.</summary>
    IDisposable Listen(AccountId account, Action<ModSeq> hint);

    /// <summary>Called by MailCore after a commit and before its caller goes on.</summary>
    ValueTask RaiseAsync(AccountId account, ModSeq modSeq);
}
