using System.Net;
using MailCore.Messaging;

namespace MailCore.Smtp.Filters;

/// <summary>So many in a period. A client that was silent for the period may send them all at once, then they come back evenly.</summary>
/// <param name="Count">1 or more.</param>
/// <param name="Period">Such as an hour.</param>
public readonly record struct RateLimit(int Count, TimeSpan Period);

/// <summary>What a client may send; null, the default, for no limit. Kept in memory: each process counts by itself.</summary>
public sealed class RateLimitOptions
{
    /// <summary>MAIL commands of a stranger's address (an IPv6 /64 counts as one).</summary>
    public RateLimit? MessagesPerAddress { get; set; }

    /// <summary>RCPT commands of a stranger's address.</summary>
    public RateLimit? RecipientsPerAddress { get; set; }

    /// <summary>MAIL commands of a login, wherever it comes from.</summary>
    public RateLimit? MessagesPerIdentity { get; set; }

    /// <summary>RCPT commands of a login.</summary>
    public RateLimit? RecipientsPerIdentity { get; set; }

    /// <summary>Addresses that are not counted; loopback by default. Logins always are.</summary>
    public IList<IPNetwork> Exempt { get; } = ClientNetworks.Loopback();
}

/// <summary>Answers 450 4.7.1 to what goes over a limit. Refused commands are not counted.</summary>
public sealed class RateLimitFilter : ISmtpFilter
{
    private static readonly SmtpReply TooMany = new(450, "4.7.1", "You send too much, try again later");

    private readonly RateLimitOptions _options;
    private readonly RateCounter? _messagesPerAddress;
    private readonly RateCounter? _recipientsPerAddress;
    private readonly RateCounter? _messagesPerIdentity;
    private readonly RateCounter? _recipientsPerIdentity;

    /// <summary>Counts from now on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit's count or period is not positive.</exception>
    public RateLimitFilter(RateLimitOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _messagesPerAddress = Counter(options.MessagesPerAddress);
        _recipientsPerAddress = Counter(options.RecipientsPerAddress);
        _messagesPerIdentity = Counter(options.MessagesPerIdentity);
        _recipientsPerIdentity = Counter(options.RecipientsPerIdentity);

        RateCounter? Counter(RateLimit? limit) => limit is { } given ? new RateCounter(given, time) : null;
    }

    /// <inheritdoc/>
    public ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken) =>
        new(Count(context, _messagesPerAddress, _messagesPerIdentity));

    /// <inheritdoc/>
    public ValueTask<SmtpVerdict> OnRecipientAsync(
        SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
        new(Count(context, _recipientsPerAddress, _recipientsPerIdentity));

    private SmtpVerdict Count(SmtpFilterContext context, RateCounter? perAddress, RateCounter? perIdentity)
    {
        ArgumentNullException.ThrowIfNull(context);
        var isWithin = context.Identity is { } identity ? perIdentity?.TryCount(identity.Account.Value)
            : ClientNetworks.Stranger(context, _options.Exempt) is { } address ? perAddress?.TryCount(ClientNetworks.SiteOf(address))
            : null;
        return isWithin ?? true ? SmtpVerdict.Continue : SmtpVerdict.Reject(TooMany);
    }
}
