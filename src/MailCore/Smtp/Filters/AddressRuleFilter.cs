using System.Text.RegularExpressions;
using MailCore.Messaging;

namespace MailCore.Smtp.Filters;

/// <summary>Rules over the envelope's addresses, tried in the order they were added; the first that fits is the verdict.</summary>
public sealed class AddressRules
{
    // No pattern can take long with this matcher; the limit is for the one that would prove it wrong.
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    private static readonly SmtpReply Refused = new(550, "5.7.1", "Refused by a rule of this server");

    private readonly List<AddressRule> _rules = [];

    internal IReadOnlyList<AddressRule> All => _rules;

    /// <summary>
    /// A verdict for senders: <paramref name="pattern"/> is searched in the address without regard to case, the null sender is
    /// empty text. Patterns are .NET's without look-around and back-references, which is why they take linear time.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is none, or needs what is not offered.</exception>
    public AddressRules Sender(string pattern, SmtpVerdict verdict) => Add(pattern, verdict, isSender: true);

    /// <summary>The same for recipients; bare "postmaster" stands without a domain.</summary>
    /// <inheritdoc cref="Sender" path="/exception"/>
    public AddressRules Recipient(string pattern, SmtpVerdict verdict) => Add(pattern, verdict, isSender: false);

    /// <summary>Refuses such senders with 550 5.7.1.</summary>
    /// <inheritdoc cref="Sender" path="/exception"/>
    public AddressRules RejectSender(string pattern) => Sender(pattern, SmtpVerdict.Reject(Refused));

    /// <summary>Refuses such recipients with 550 5.7.1.</summary>
    /// <inheritdoc cref="Sender" path="/exception"/>
    public AddressRules RejectRecipient(string pattern) => Recipient(pattern, SmtpVerdict.Reject(Refused));

    private AddressRules Add(string pattern, SmtpVerdict verdict, bool isSender)
    {
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        try
        {
            _rules.Add(new AddressRule(new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, MatchTimeout), verdict, isSender));
        }
        catch (NotSupportedException error)
        {
            throw new ArgumentException($"Pattern '{pattern}': {error.Message}", nameof(pattern), error);
        }

        return this;
    }
}

/// <param name="Pattern">What to find.</param>
/// <param name="Verdict">What follows.</param>
/// <param name="IsSender">In the sender, or else in a recipient.</param>
internal sealed record AddressRule(Regex Pattern, SmtpVerdict Verdict, bool IsSender);

/// <summary>Applies <see cref="AddressRules"/> at MAIL and RCPT, to everybody.</summary>
public sealed class AddressRuleFilter : ISmtpFilter
{
    private readonly AddressRule[] _senders;
    private readonly AddressRule[] _recipients;

    /// <summary>Applies the rules as they are now.</summary>
    public AddressRuleFilter(AddressRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        _senders = [.. rules.All.Where(static rule => rule.IsSender)];
        _recipients = [.. rules.All.Where(static rule => !rule.IsSender)];
    }

    /// <inheritdoc/>
    public ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return new(Find(_senders, transaction.Envelope.From.ToString()));
    }

    /// <inheritdoc/>
    public ValueTask<SmtpVerdict> OnRecipientAsync(
        SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        return new(Find(_recipients, recipient.Address.ToString()));
    }

    private static SmtpVerdict Find(AddressRule[] rules, string address)
    {
        foreach (var rule in rules)
        {
            if (rule.Pattern.IsMatch(address))
            {
                return rule.Verdict;
            }
        }

        return SmtpVerdict.Continue;
    }
}
