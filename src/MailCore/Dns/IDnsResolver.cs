namespace MailCore.Dns;

/// <summary>Looks names up. Thread-safe.</summary>
public interface IDnsResolver
{
    /// <summary>
    /// The records of one type, aliases (CNAME) followed. Whatever goes wrong is a value: a name that no DNS name can be does not
    /// exist, and servers that don't answer are <see cref="DnsOutcome.Failed"/>. Non-ASCII names are looked up as A-labels.
    /// </summary>
    ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken);
}

/// <summary>What came of a question.</summary>
public enum DnsOutcome
{
    /// <summary>There are records.</summary>
    Found,

    /// <summary>The name exists without records of this type.</summary>
    NoData,

    /// <summary>There is no such name (NXDOMAIN).</summary>
    NoSuchName,

    /// <summary>Nobody could say: time-out, SERVFAIL (also for a bogus signature), refusal. Try later; never a no.</summary>
    Failed,
}

/// <summary>The answer to a question. Immutable and shared by all who ask until it expires.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Records">Of the type asked for, in the order given; empty unless found.</param>
public sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsRecord> Records)
{
    /// <summary>Where the records stand, when aliases led elsewhere; otherwise the name asked for.</summary>
    public required string CanonicalName { get; init; }

    /// <summary>
    /// A resolver that was marked as trusted says that it checked every signature up to the root (the AD bit), of the records or of
    /// their absence. Always false otherwise.
    /// </summary>
    public bool IsAuthenticated { get; init; }

    /// <summary>Asking again before this gives the same; in the past for what is not to be kept.</summary>
    public DateTimeOffset Expires { get; init; }
}
