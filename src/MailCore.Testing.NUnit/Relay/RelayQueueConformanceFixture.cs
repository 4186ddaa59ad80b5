using MailCore.Testing.Relay;
using NUnit.Framework;

namespace MailCore.Testing.NUnit.Relay;

/// <summary>The relay queue's contract as an NUnit fixture: derive from it and say how a queue is made.</summary>
public abstract class RelayQueueConformanceFixture
{
    /// <summary>The cases, named as in <see cref="RelayQueueConformance"/>.</summary>
    public static IEnumerable<TestCaseData> Cases =>
        RelayQueueConformance.Cases.Select(static conformance => new TestCaseData(conformance).SetArgDisplayNames(conformance.Name));

    /// <summary>Runs one case on a queue of its own.</summary>
    [TestCaseSource(nameof(Cases))]
    public Task Conforms(QueueConformanceCase conformance)
    {
        ArgumentNullException.ThrowIfNull(conformance);
        return conformance.RunAsync(CreateAsync);
    }

    /// <summary>Makes an empty queue for a case of this name.</summary>
    protected abstract Task<IQueueConformanceTarget> CreateAsync(string name);
}
