using System.Runtime.CompilerServices;
using MailCore.Storage;

namespace MailCore.Testing.Storage;

/// <summary>
/// The contract of <see cref="IMailStore"/> as cases to run: a store is one only when it passes all that its traits ask for.
/// After each case, counters, feed and rows of every account are compared with each other.
/// </summary>
public static class MailStoreConformance
{
    /// <summary>All cases; independent of each other.</summary>
    public static IReadOnlyList<ConformanceCase> Cases { get; } =
    [
        .. ReadCases.All,
        .. AppendCases.All,
        .. FlagCases.All,
        .. ExpungeCases.All,
        .. CopyCases.All,
        .. MailboxCases.All,
        .. AttributeCases.All,
        .. FeedCases.All,
        .. BatchCases.All,
        .. QuotaCases.All,
        .. DeliveryKeyCases.All,
        .. ContentCases.All,
        .. StagingCases.All,
        .. ConcurrencyCases.All,
        .. CancellationCases.All,
        .. HintCases.All,
        .. ReopenCases.All,
        .. RandomCases.All,
    ];

    /// <summary>A case for stores that can be written to and more.</summary>
    internal static ConformanceCase Case(
        Func<StoreProbe, Task> run, StoreTraits more = StoreTraits.None, [CallerArgumentExpression(nameof(run))] string name = "") =>
        new(name, StoreTraits.Writes | more, run);

    /// <summary>A case for all stores, or for those with exactly this.</summary>
    internal static ConformanceCase CaseFor(
        StoreTraits requires, Func<StoreProbe, Task> run, [CallerArgumentExpression(nameof(run))] string name = "") =>
        new(name, requires, run);
}
