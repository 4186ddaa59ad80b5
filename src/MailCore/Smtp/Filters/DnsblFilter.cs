using System.Net;
using MailCore.Dns;
using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Smtp.Filters;

/// <summary>Which lists to ask, and what follows.</summary>
public sealed class DnsblOptions
{
    /// <summary>The lists, all asked at once.</summary>
    public IList<DnsblList> Lists { get; } = [];

    /// <summary>Weights that must come together before a client counts as listed; 1 by default.</summary>
    public int Threshold { get; set; } = 1;

    /// <summary>Whether mail of a listed client is quarantined instead of refused with 554 5.7.1. Off.</summary>
    public bool Quarantine { get; set; }

    /// <summary>Whether a list that does not answer makes the client try again (451 4.4.3). Off: it counts as not listed.</summary>
    public bool TryLaterOnFailure { get; set; }

    /// <summary>Clients that are not looked up; loopback by default.</summary>
    public IList<IPNetwork> Exempt { get; } = ClientNetworks.Loopback();
}

/// <summary>One list (RFC 5782).</summary>
/// <param name="Zone">Such as "zen.spamhaus.org".</param>
/// <param name="Weight">What a listing adds; negative for a list of good clients.</param>
public sealed record DnsblList(string Zone, int Weight = 1)
{
    /// <summary>Answers that mean a listing; empty for all in 127.0.0.0/8 but 127.255.255.0/24, where lists say that they refuse the question.</summary>
    public IReadOnlyList<IPAddress> Answers { get; init; } = [];
}

/// <summary>
/// Refuses clients that DNS lists know as bad, at RCPT, so that the log tells who wrote to whom. Looks up once per session; mail
/// for a postmaster always passes, so that a wrong listing can be told to somebody.
/// </summary>
public sealed partial class DnsblFilter : ISmtpFilter
{
    private const int MaxReason = 200;

    private static readonly SmtpReply TryLater = new(451, "4.4.3", "Cannot look your address up now, try again later");
    private static readonly IPNetwork Listing = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork Refusal = IPNetwork.Parse("127.255.255.0/24");

    private readonly DnsblOptions _options;
    private readonly IDnsResolver _dns;
    private readonly ILogger _logger;

    /// <summary>Asks the options' lists by <paramref name="dns"/>.</summary>
    /// <exception cref="ArgumentException">There is no list, or one has no DNS name.</exception>
    public DnsblFilter(DnsblOptions options, IDnsResolver dns, ILogger<DnsblFilter> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(dns);
        ArgumentNullException.ThrowIfNull(logger);
        if (options.Lists.Count == 0)
        {
            throw new ArgumentException("Name at least one list, such as zen.spamhaus.org.", nameof(options));
        }

        if (options.Lists.FirstOrDefault(static list => !EmailAddress.IsDomain(list.Zone)) is { } wrong)
        {
            throw new ArgumentException($"'{wrong.Zone}' is no DNS name.", nameof(options));
        }

        (_options, _dns, _logger) = (options, dns, logger);
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpVerdict> OnRecipientAsync(
        SmtpFilterContext context, MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(recipient);
        if (ClientNetworks.Stranger(context, _options.Exempt) is not { } address
            || recipient.Address.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase))
        {
            return SmtpVerdict.Continue;
        }

        // XCLIENT may change the address within a session.
        var note = (this, address);
        if (context.Items.TryGetValue(note, out var known))
        {
            return (SmtpVerdict)known!;
        }

        var verdict = await JudgeAsync(address, cancellationToken).ConfigureAwait(false);
        if (verdict.Reply is not { IsTransient: true })
        {
            context.Items[note] = verdict;
        }

        return verdict;
    }

    private async ValueTask<SmtpVerdict> JudgeAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(_options.Lists.Select(list => _dns.QueryAsync(DnsName.InList(address, list.Zone), DnsRecordType.A, cancellationToken).AsTask())).ConfigureAwait(false);
        var (score, isUnsure, blame) = (0, false, (DnsblList?)null);
        for (var i = 0; i < answers.Length; i++)
        {
            var list = _options.Lists[i];
            isUnsure |= answers[i].Outcome == DnsOutcome.Failed;
            if (answers[i].Records.OfType<AddressRecord>().Any(record => IsListing(list, record.Address)))
            {
                score += list.Weight;
                blame ??= list.Weight > 0 ? list : null;
            }
        }

        if (score < _options.Threshold || blame is null)
        {
            return isUnsure && _options.TryLaterOnFailure ? SmtpVerdict.Reject(TryLater) : SmtpVerdict.Continue;
        }

        var reason = $"Client [{address}] is listed by {blame.Zone}{await ReasonAsync(address, blame, cancellationToken).ConfigureAwait(false)}";
        return _options.Quarantine ? SmtpVerdict.Quarantine(reason) : SmtpVerdict.Reject(new SmtpReply(554, "5.7.1", reason.Replace('\n', ' ')));
    }

    private bool IsListing(DnsblList list, IPAddress answer)
    {
        if (list.Answers.Count > 0)
        {
            return list.Answers.Contains(answer);
        }

        if (Refusal.Contains(answer))
        {
            ListRefuses(list.Zone, answer);
            return false;
        }

        // RFC 5782 2.1: anything else is a zone that somebody has taken over.
        return Listing.Contains(answer);
    }

    /// <summary>Lists tell in a TXT record what to do about it.</summary>
    private async ValueTask<string> ReasonAsync(IPAddress address, DnsblList list, CancellationToken cancellationToken)
    {
        var answer = await _dns.QueryAsync(DnsName.InList(address, list.Zone), DnsRecordType.Txt, cancellationToken).ConfigureAwait(false);
        return answer.Records is [TextRecord { Text: var text }, ..] ? ": " + (text.Length > MaxReason ? text[..MaxReason] : text) : "";
    }

    [LoggerMessage(EventId = 4031, Level = LogLevel.Warning, Message = "The list {Zone} refuses our questions ({Answer}): it counts for nothing")]
    private partial void ListRefuses(string zone, IPAddress answer);
}
