namespace MailCore.Hosting;

/// <summary>The configuration is incomplete, contradictory or unsafe; each problem says what to change.</summary>
public sealed class MailServerConfigurationException : Exception
{
    /// <summary>With all problems found, not only the first.</summary>
    public MailServerConfigurationException(IReadOnlyList<string> problems)
        : base(problems.Count == 1 ? problems[0] : "The mail server's configuration has problems:" + string.Concat(problems.Select(static problem => $"{Environment.NewLine}- {problem}"))) =>
        Problems = problems;

    /// <summary>One sentence or two each.</summary>
    public IReadOnlyList<string> Problems { get; }
}
