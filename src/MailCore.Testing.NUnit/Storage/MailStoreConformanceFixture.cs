using MailCore.Testing.Storage;
using NUnit.Framework;

namespace MailCore.Testing.NUnit.Storage;

/// <summary>
/// The store contract as an NUnit fixture: derive from it and say how a store is made. A case that asks for a trait which the store
/// does not claim is reported as ignored.
/// </summary>
public abstract class MailStoreConformanceFixture
{
    /// <summary>The cases, named as in <see cref="MailStoreConformance"/>.</summary>
    public static IEnumerable<TestCaseData> Cases =>
        MailStoreConformance.Cases.Select(static conformance => new TestCaseData(conformance).SetArgDisplayNames(conformance.Name));

    /// <summary>Runs one case on a store of its own.</summary>
    [TestCaseSource(nameof(Cases))]
    public async Task Conforms(ConformanceCase conformance)
    {
        ArgumentNullException.ThrowIfNull(conformance);
        if (!await conformance.RunAsync(CreateAsync))
        {
            Assert.Ignore($"The store does not claim {conformance.Requires}.");
        }
    }

    /// <summary>Makes an empty store.</summary>
    protected abstract Task<IConformanceTarget> CreateAsync(ConformanceOptions options);
}
