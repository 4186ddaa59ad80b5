namespace MailCore.Storage;

/// <summary>
/// Wakes those who wait for changes of an account. A hint, never the truth: one that gets lost costs time, not correctness.
/// </summary>
public interface IChangeSignal
{
    /// <summary>Calls <paramref name="hint"/> after commits until disposal. The callback runs on the committer's thread and must not block or throw.</summary>
    IDisposable Listen(AccountId account, Action<ChangeHint> hint);

    /// <summary>Called by MailCore after a commit and before its caller goes on. What can't be carried elsewhere may be left out of the hint.</summary>
    ValueTask RaiseAsync(AccountId account, ChangeHint hint);
}
