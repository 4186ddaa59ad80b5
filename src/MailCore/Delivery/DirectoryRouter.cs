using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>How addresses are understood.</summary>
public sealed class DirectoryRouterOptions
{
    /// <summary>Characters that end the user's name in "user+tag"; "+" by default, empty for none. An address that exists as it stands comes first.</summary>
    public string SubaddressDelimiters { get; set; } = "+";

    /// <summary>
    /// Who gets mail for a bare "postmaster", and for the postmaster of a domain of ours that has none. Without it a bare postmaster is
    /// the one of <see cref="DefaultDomain"/>.
    /// </summary>
    public EmailAddress? Postmaster { get; set; }

    /// <summary>The domain of a bare "postmaster"; null for none.</summary>
    public string? DefaultDomain { get; set; }

    /// <summary>Whether mail for elsewhere from those who may send it, and mail for relay domains, goes to the queue. Off: there must be one.</summary>
    public bool RelaysOutward { get; set; }

    /// <summary>Addresses that one recipient may lead over; 1,000 by default. Past it 451 4.3.5.</summary>
    public int MaxExpansion { get; set; } = 1_000;
}

/// <summary>
/// Routes by the directory: accounts, aliases (nested, loop-safe), subaddresses, postmaster. Unknown addresses of our domains are
/// 550 5.1.1, other domains 550 5.7.1. Thread-safe.
/// </summary>
public sealed class DirectoryRouter : IMessageRouter
{
    private static readonly RecipientRoute.Refuse NoUser = new(new SmtpReply(550, "5.1.1", "No such user here"));
    private static readonly RecipientRoute.Refuse NoRelay = new(new SmtpReply(550, "5.7.1", "Relay not permitted"));
    private static readonly RecipientRoute.Refuse NoQueue = new(new SmtpReply(550, "5.7.1", "This server delivers to its own users only, no relay is configured"));
    private static readonly RecipientRoute.Refuse TooManyTargets = new(new SmtpReply(451, "4.3.5", "This address leads to too many others"));
    private static readonly RecipientRoute.Refuse TryLater = new(new SmtpReply(451, "4.4.3", "Cannot look this address up now, try again later"));

    private readonly IMailDirectory _directory;
    private readonly DirectoryRouterOptions _options;
    private readonly EmailAddress? _barePostmaster;

    /// <summary>Routes by <paramref name="directory"/>.</summary>
    /// <exception cref="FormatException">The default domain is none.</exception>
    public DirectoryRouter(IMailDirectory directory, DirectoryRouterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        _directory = directory;
        _options = options ?? new DirectoryRouterOptions();
        _barePostmaster = _options.Postmaster ?? (_options.DefaultDomain is { } domain ? EmailAddress.Postmaster.WithDomain(domain) : null);
    }

    /// <inheritdoc/>
    public async ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(recipient);
        var address = recipient.Address.Domain.Length > 0 ? recipient.Address : _barePostmaster;
        if (address is null)
        {
            return NoUser;
        }

        return await ResolveAsync(address, cancellationToken).ConfigureAwait(false) switch
        {
            DirectoryEntry.Account account => new RecipientRoute.Local(account.Id),
            DirectoryEntry.Alias alias => await ExpandAsync(address, alias, cancellationToken).ConfigureAwait(false),
            DirectoryEntry.RelayDomain => _options.RelaysOutward ? new RecipientRoute.Relay(address) : NoQueue,
            DirectoryEntry.Unknown => NoUser,
            DirectoryEntry.TryLater => TryLater,
            _ when !transaction.Session.MaySendOutward => NoRelay,
            _ => _options.RelaysOutward ? new RecipientRoute.Relay(address) : NoQueue,
        };
    }

    /// <summary>What the address stands for, or failing that its part before a subaddress delimiter, or the postmaster.</summary>
    private async ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        var entry = await _directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        if (entry is not DirectoryEntry.Unknown)
        {
            return entry;
        }

        var delimiter = address.LocalPart.AsSpan().IndexOfAny(_options.SubaddressDelimiters);
        if (delimiter > 0)
        {
            entry = await _directory.ResolveAsync(address.WithLocalPart(address.LocalPart[..delimiter]), cancellationToken).ConfigureAwait(false);
        }

        // RFC 5321 4.5.1: every domain has one.
        return entry is DirectoryEntry.Unknown && _options.Postmaster is { } postmaster && address.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase)
            ? await _directory.ResolveAsync(postmaster, cancellationToken).ConfigureAwait(false)
            : entry;
    }

    private async ValueTask<RecipientRoute> ExpandAsync(EmailAddress address, DirectoryEntry.Alias alias, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { address.ToString() };
        var pending = new Queue<EmailAddress>(alias.Targets);
        var targets = new List<RecipientRoute>();
        while (pending.TryDequeue(out var next))
        {
            // A loop leads to what was seen already.
            if (!seen.Add(next.ToString()))
            {
                continue;
            }

            if (seen.Count > _options.MaxExpansion)
            {
                return TooManyTargets;
            }

            switch (await ResolveAsync(next, cancellationToken).ConfigureAwait(false))
            {
                case DirectoryEntry.Account account:
                    targets.Add(new RecipientRoute.Local(account.Id));
                    break;
                case DirectoryEntry.Alias nested:
                    foreach (var target in nested.Targets)
                    {
                        pending.Enqueue(target);
                    }

                    break;
                case DirectoryEntry.TryLater:
                    return TryLater;
                case DirectoryEntry.Unknown:
                    // One dead end does not keep mail from the others.
                    break;
                default:
                    if (!_options.RelaysOutward)
                    {
                        return NoQueue;
                    }

                    targets.Add(new RecipientRoute.Relay(next));
                    break;
            }
        }

        var distinct = targets.Distinct().ToList();
        return distinct.Count switch
        {
            0 => NoUser,
            1 => distinct[0],
            _ => new RecipientRoute.Expand(distinct),
        };
    }
}
