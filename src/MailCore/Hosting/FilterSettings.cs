using MailCore.Smtp.Filters;

namespace MailCore.Hosting;

/// <summary>The section <c>Mail:Filters</c>: filters of strangers' mail and limits of users'. What is not mentioned is off.</summary>
public sealed class FilterSettings
{
    /// <summary>DNS lists, such as zen.spamhaus.org, whose clients are refused; see <see cref="DnsblFilter"/>.</summary>
    public List<string> Dnsbl { get; set; } = [];

    /// <summary>Whether first contacts have to come back; see <see cref="GreylistFilter"/>.</summary>
    public bool Greylisting { get; set; }

    /// <summary>From a first attempt until a retry is taken; see <see cref="GreylistOptions.Delay"/>.</summary>
    public TimeSpan? GreylistDelay { get; set; }

    /// <summary>Whether strangers need a name in the DNS and a proper one in EHLO; see <see cref="ClientNameFilter"/>.</summary>
    public bool ClientNames { get; set; }

    /// <summary>How long the greeting is held back from strangers; see <see cref="EarlyTalkerFilter"/>.</summary>
    public TimeSpan? GreetingDelay { get; set; }

    /// <summary>Expressions: senders that are refused, users' too; see <see cref="AddressRules.RejectSender"/>.</summary>
    public List<string> RefusedSenders { get; set; } = [];

    /// <summary>Expressions: recipients that are refused; see <see cref="AddressRules.RejectRecipient"/>.</summary>
    public List<string> RefusedRecipients { get; set; } = [];

    /// <summary>Messages that a user may submit in an hour; see <see cref="RateLimitOptions.MessagesPerIdentity"/>.</summary>
    public int? MessagesPerHour { get; set; }

    /// <summary>Messages that a stranger's address may send in an hour; see <see cref="RateLimitOptions.MessagesPerAddress"/>.</summary>
    public int? MessagesPerHourFromAddress { get; set; }
}
