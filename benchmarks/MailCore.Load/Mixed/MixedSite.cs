using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>An account of the server. Whoever removes or moves its mail holds <see cref="Gate"/>: two who remove the same message can't both be told by it.</summary>
internal sealed record MixedAccount(string Address, string Password)
{
    public SemaphoreSlim Gate { get; } = new(1);
}

/// <summary>What all clients know.</summary>
internal sealed record MixedSite
{
    public const string Domain = "example.org";
    public const string Elsewhere = "elsewhere.example";
    public const string Archive = "Archive";

    /// <summary>The mailbox that COPY fills; what is in it are second copies.</summary>
    public const string Copies = "Copies";
    private const int AccountCount = 8;
    private const double LostAnswersPerCut = 0.15;

    public static IReadOnlyList<string> OutsideUsers { get; } = ["anna", "bert", "carl"];

    public required MixedOptions Options { get; init; }

    public required IReadOnlyDictionary<string, int> Ports { get; init; }

    public Ledger Ledger { get; } = new();

    public Observations Observations { get; } = new();

    public required IReadOnlyList<MixedAccount> Accounts { get; init; }

    public static IReadOnlyList<MixedAccount> MakeAccounts(Random random) =>
        [.. Enumerable.Range(1, AccountCount).Select(number => new MixedAccount(string.Create(CultureInfo.InvariantCulture, $"user{number}@{Domain}"), string.Create(CultureInfo.InvariantCulture, $"p{random.Next():x8}")))];

    /// <summary>The fuse where an answer is to be lost. At random it would hit this moment too rarely.</summary>
    public Fuse? DrawLostAnswer(Random random, Fuse fuse) => random.NextDouble() < Options.Cuts * LostAnswersPerCut ? fuse : null;

    public MixedAccount DrawAccount(Random random) => Accounts[random.Next(Accounts.Count)];
}
