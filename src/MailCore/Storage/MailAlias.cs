using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using MailCore.Messaging;

namespace MailCore.Storage;

/// <summary>
/// Addresses that stand for others: one address, all addresses of a domain that nobody has ("@example.org", a catch-all), or those that
/// a regular expression matches ("/^sales-.*@example\.org$/"). Immutable.
/// </summary>
/// <remarks>
/// An expression is matched against a whole address as it goes over the wire, in time proportional to its length: what would need to go
/// back in the text, such as a look-ahead or a back-reference, is no expression here. Case does not count, unless "/c" stands at its end.
/// </remarks>
public sealed class MailAlias
{
    /// <summary>Characters of an expression at the most.</summary>
    public const int MaxExpression = 1_000;

    /// <summary>Targets of one alias at the most.</summary>
    public const int MaxTargets = 10_000;

    // An address is short and the automaton linear: this is for a machine that has other things to do.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    private readonly Regex? _expression;
    private readonly IReadOnlyList<EmailAddress>? _fixed;

    private MailAlias(string name, IReadOnlyList<string> targets, EmailAddress? address, string? domain, Regex? expression)
    {
        (Name, Targets, Address, Domain, _expression) = (name, targets, address, domain, expression);
        _fixed = expression is null && targets.All(static target => target[0] != '@') ? [.. targets.Select(EmailAddress.Parse)] : null;
    }

    /// <summary>As it was written, an address or domain in lower case.</summary>
    public string Name { get; }

    /// <summary>
    /// Addresses. For a domain also "@example.net", the same local part there; for an expression templates, in which $1 or ${1} is what
    /// the first group matched and $$ a dollar sign.
    /// </summary>
    public IReadOnlyList<string> Targets { get; }

    /// <summary>The one address; null for the other kinds.</summary>
    public EmailAddress? Address { get; }

    /// <summary>The domain of a catch-all; null for the other kinds.</summary>
    public string? Domain { get; }

    /// <summary>Whether it is an expression.</summary>
    public bool IsExpression => _expression is not null;

    /// <summary>Makes one or throws <see cref="FormatException"/>, which says what is wrong.</summary>
    public static MailAlias Parse(string name, params IReadOnlyList<string> targets) =>
        TryParse(name, targets, out var alias, out var problem) ? alias : throw new FormatException(problem);

    /// <summary>Makes one, or says what is wrong.</summary>
    public static bool TryParse(string? name, IReadOnlyList<string> targets, [NotNullWhen(true)] out MailAlias? alias, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(targets);
        alias = null;
        var text = name?.Trim() ?? "";
        var kept = targets.Select(static target => target.Trim()).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        EmailAddress? address = null;
        Regex? expression = null;
        var isDomain = text.StartsWith('@');
        if (text.StartsWith('/'))
        {
            if (!TryExpression(text, out expression, out problem))
            {
                return false;
            }
        }
        else if (isDomain ? !EmailAddress.IsDomain(text.AsSpan(1)) : !EmailAddress.TryParse(text, out address))
        {
            problem = $"'{text}' is neither an address, nor a domain as @example.org, nor an expression as /^sales-.*@example\\.org$/.";
            return false;
        }

        if (FindBadTarget(text, kept, isDomain, expression) is { } bad)
        {
            problem = bad;
            return false;
        }

        problem = null;
        alias = new MailAlias(expression is null ? text.ToLowerInvariant() : text, kept, address, isDomain ? text[1..].TrimEnd('.') : null, expression);
        return true;
    }

    /// <summary>Where an address leads; null when the alias does not answer to it. A target that is no address after the templates were filled is left out.</summary>
    public IReadOnlyList<EmailAddress>? Expand(EmailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (_expression is null)
        {
            var answers = Address is { } own ? IsSame(own, address) : string.Equals(Domain, address.Domain, StringComparison.OrdinalIgnoreCase);
            return !answers ? null : _fixed ?? [.. Targets.Select(target => target[0] == '@' ? address.WithDomain(target[1..]) : EmailAddress.Parse(target))];
        }

        try
        {
            return _expression.Match(address.ToString()) is { Success: true } match ? [.. Fill(match)] : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    /// <summary>
    /// What the alias is when its address belongs to an account: a forward that keeps a copy where the address itself is among the targets,
    /// as in Postfix; null when it leads to itself alone. For aliases of one address.
    /// </summary>
    public MailForward? ToForward()
    {
        var own = Address ?? throw new InvalidOperationException($"{Name} is not one address.");
        var others = Expand(own)!.Where(target => !IsSame(target, own)).ToList();
        return others.Count == 0 ? null : new MailForward(others, others.Count < Targets.Count);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {string.Join(", ", Targets)}";

    /// <summary>Whether two addresses are one to a directory: without regard to case.</summary>
    internal static bool IsSame(EmailAddress one, EmailAddress other) =>
        string.Equals(one.LocalPart, other.LocalPart, StringComparison.OrdinalIgnoreCase) && string.Equals(one.Domain, other.Domain, StringComparison.OrdinalIgnoreCase);

    private static string? FindBadTarget(string name, string[] targets, bool isDomain, Regex? expression)
    {
        if (targets.Length is 0 or > MaxTargets)
        {
            return $"'{name}' needs 1 to {MaxTargets} targets.";
        }

        foreach (var target in targets)
        {
            var isGood = expression is not null
                ? AliasTemplate.TryFill(target, static _ => "1", out var sample) && EmailAddress.TryParse(sample, out _) && AliasTemplate.HighestGroup(target) < expression.GetGroupNumbers().Length
                : (isDomain && target.StartsWith('@') && EmailAddress.IsDomain(target.AsSpan(1))) || EmailAddress.TryParse(target, out _);
            if (!isGood)
            {
                return $"'{target}', a target of '{name}', is not an address.";
            }
        }

        return null;
    }

    private static bool TryExpression(string text, [NotNullWhen(true)] out Regex? expression, [NotNullWhen(false)] out string? problem)
    {
        expression = null;
        var end = text.LastIndexOf('/');
        var flags = text[(end + 1)..];
        if (end == 0 || text.Length > MaxExpression || flags is not ("" or "c"))
        {
            problem = $"'{text}' is not an expression: write it as /^sales-.*@example\\.org$/, with at most {MaxExpression} characters; /c at its end makes case count.";
            return false;
        }

        var options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | (flags == "c" ? RegexOptions.None : RegexOptions.IgnoreCase);
        try
        {
            expression = new Regex(text[1..end].Replace("\\/", "/", StringComparison.Ordinal), options, MatchTimeout);
            problem = null;
            return true;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            problem = $"'{text}' is not an expression that can be used: {error.Message}";
            return false;
        }
    }

    private IEnumerable<EmailAddress> Fill(Match match)
    {
        foreach (var target in Targets)
        {
            if (AliasTemplate.TryFill(target, group => match.Groups[group].Value, out var text) && EmailAddress.TryParse(text, out var address))
            {
                yield return address;
            }
        }
    }
}
