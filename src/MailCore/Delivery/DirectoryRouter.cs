using System.Globalization;
using System.Text;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>How addresses are understood.</summary>
public sealed class DirectoryRouterOptions
{
    /// <summary>Characters that end the user's name in "user+tag"; "+" by default, empty for none. An address that exists as it stands comes first.</summary>
    public string SubaddressDelimiters { get; set; } = "+";

    /// <summary>Whether mail for "user+Folder" goes into that mailbox of the user where there is one; off by default. None is made.</summary>
    public bool SubaddressMailboxes { get; set; }

    /// <summary>
    /// Who gets mail for a bare "postmaster", and for the postmaster of a domain of ours that has none. Without it a bare postmaster is
    /// the one of <see cref="DefaultDomain"/>.
    /// </summary>
    public EmailAddress? Postmaster { get; set; }

    /// <summary>The domain of a bare "postmaster"; null for none.</summary>
    public string? DefaultDomain { get; set; }

    /// <summary>Whether mail for elsewhere from those who may send it, and mail for relay domains, goes to the queue. Off: there must be one.</summary>
    public bool RelaysOutward { get; set; }

    /// <summary>Whether mail for relay domains that name their next hop is handed over at once, while its sender waits. For servers without a queue.</summary>
    public bool HandsOver { get; set; }

    /// <summary>
    /// Whether the next hop of a relay domain is asked at RCPT for a recipient, so that one it does not know is refused with 550 5.1.1; on by
    /// default. One that can't be asked refuses nobody.
    /// </summary>
    public bool VerifiesRelayRecipients { get; set; } = true;

    /// <summary>Addresses that one recipient may lead over; 1,000 by default. Past it 451 4.3.5.</summary>
    public int MaxExpansion { get; set; } = 1_000;
}

/// <summary>
/// Routes by the directory: accounts and their forwards, aliases (nested, loop-safe), subaddresses, postmaster, expressions, catch-alls,
/// relay domains; and to the host's own code. Unknown addresses of our domains are 550 5.1.1, other domains 550 5.7.1. Thread-safe.
/// </summary>
public sealed class DirectoryRouter : IMessageRouter
{
    private static readonly RecipientRoute.Refuse NoUser = new(new SmtpReply(550, "5.1.1", "No such user here"));
    private static readonly RecipientRoute.Refuse NoRelay = new(new SmtpReply(550, "5.7.1", "Relay not permitted"));
    private static readonly RecipientRoute.Refuse NoQueue = new(new SmtpReply(550, "5.7.1", "This server delivers to its own users only, no relay is configured"));
    private static readonly RecipientRoute.Refuse Looping = new(new SmtpReply(550, "5.4.6", "This address leads back to itself"));
    private static readonly RecipientRoute.Refuse TooManyTargets = new(new SmtpReply(451, "4.3.5", "This address leads to too many others"));
    private static readonly RecipientRoute.Refuse TryLater = new(new SmtpReply(451, "4.4.3", "Cannot look this address up now, try again later"));

    private readonly IMailDirectory _directory;
    private readonly DirectoryRouterOptions _options;

    /// <summary>Routes by <paramref name="directory"/>.</summary>
    /// <exception cref="FormatException">The default domain is none.</exception>
    public DirectoryRouter(IMailDirectory directory, DirectoryRouterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        _directory = directory;
        _options = options ?? new DirectoryRouterOptions();
        _ = BarePostmaster;
    }

    /// <summary>
    /// The host's own code for an address, or null: asked before the directory, about recipients and about all that they lead to. Anybody
    /// may write to such an address, of whatever domain.
    /// </summary>
    public Func<EmailAddress, RecipientRoute.Handler?> FindHandler { get; init; } = static _ => null;

    // The options may change while it works.
    private EmailAddress? BarePostmaster => _options.Postmaster ?? (_options.DefaultDomain is { } domain ? EmailAddress.Postmaster.WithDomain(domain) : null);

    /// <inheritdoc/>
    public async ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(recipient);
        var address = recipient.Address.Domain.Length > 0 ? recipient.Address : BarePostmaster;
        if (address is null)
        {
            return NoUser;
        }

        if (FindHandler(address) is { } handler)
        {
            return handler;
        }

        var found = await ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        return found.Entry switch
        {
            // The postmaster in another's place, or the domain in its other form.
            _ when !ReferenceEquals(found.Address, address) && FindHandler(found.Address) is { } other => other,
            DirectoryEntry.Account account when account.Forward is null || transaction.Session.IsRedelivery => Local(found),
            DirectoryEntry.Account or DirectoryEntry.Alias or DirectoryEntry.Unknown { Instead.Count: > 0 } => await ExpandAsync(found, cancellationToken).ConfigureAwait(false),
            DirectoryEntry.RelayDomain relayed => Outward(address, relayed.Via),
            DirectoryEntry.Unknown => NoUser,
            DirectoryEntry.TryLater => TryLater,
            _ when !transaction.Session.MaySendOutward => NoRelay,
            _ => Outward(address, null),
        };
    }

    private RecipientRoute Outward(EmailAddress address, NextHop? via) =>
        _options.RelaysOutward || (_options.HandsOver && via is not null) ? new RecipientRoute.Relay(address, via) : NoQueue;

    private RecipientRoute.Local Local(Resolved found) =>
        new(((DirectoryEntry.Account)found.Entry).Id, _options.SubaddressMailboxes && found.Tag.Length > 0 ? found.Tag : null) { Address = found.Address };

    /// <summary>What the address stands for, or failing that its part before a subaddress delimiter, or the postmaster.</summary>
    private async ValueTask<Resolved> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        var entry = await _directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        if (entry is DirectoryEntry.Foreign && OtherForm(address) is { } other
            && await _directory.ResolveAsync(other, cancellationToken).ConfigureAwait(false) is not DirectoryEntry.Foreign and var ours)
        {
            (address, entry) = (other, ours);
        }

        if (entry is not DirectoryEntry.Unknown)
        {
            return new Resolved(address, entry, "");
        }

        var delimiter = address.LocalPart.AsSpan().IndexOfAny(_options.SubaddressDelimiters);
        if (delimiter > 0)
        {
            var user = await _directory.ResolveAsync(address.WithLocalPart(address.LocalPart[..delimiter]), cancellationToken).ConfigureAwait(false);
            if (user is not DirectoryEntry.Unknown)
            {
                return new Resolved(address, user, address.LocalPart[(delimiter + 1)..]);
            }
        }

        // RFC 5321 4.5.1: every domain has one.
        return _options.Postmaster is { } postmaster && address.LocalPart.Equals("postmaster", StringComparison.OrdinalIgnoreCase)
            ? new Resolved(postmaster, await _directory.ResolveAsync(postmaster, cancellationToken).ConfigureAwait(false), "")
            : new Resolved(address, entry, "");
    }

    /// <summary>A domain's A-labels for its U-labels or the other way round (RFC 5890): senders may use either. Null where it has one form only.</summary>
    private static EmailAddress? OtherForm(EmailAddress address)
    {
        var isAscii = Ascii.IsValid(address.Domain);
        if (isAscii && !address.Domain.Contains("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var mapping = new IdnMapping { AllowUnassigned = true };
            var other = isAscii ? mapping.GetUnicode(address.Domain) : mapping.GetAscii(address.Domain);
            return EmailAddress.IsDomain(other) ? address.WithDomain(other) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private async ValueTask<RecipientRoute> ExpandAsync(Resolved first, CancellationToken cancellationToken)
    {
        // A loop leads to what was seen already.
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { first.Address.ToString() };
        var pending = new Queue<EmailAddress>();
        var targets = new List<RecipientRoute>();
        var refusal = NoUser;
        Resolved? found = first;
        while (true)
        {
            if (found is { } place && Follow(place, pending, targets) is { } fault)
            {
                return fault;
            }

            if (!pending.TryDequeue(out var next))
            {
                break;
            }

            found = null;
            if (!seen.Add(next.ToString()))
            {
                refusal = Looping;
                continue;
            }

            // Lists may name the same people many times over; that is bounded as well.
            if (seen.Count > _options.MaxExpansion || pending.Count / 10 > _options.MaxExpansion)
            {
                return TooManyTargets;
            }

            if (FindHandler(next) is { } handler)
            {
                targets.Add(handler);
                continue;
            }

            found = await ResolveAsync(next, cancellationToken).ConfigureAwait(false);
        }

        var distinct = targets.Distinct().ToList();
        return distinct.Count switch
        {
            0 => refusal,
            1 => distinct[0],
            _ => new RecipientRoute.Expand(distinct),
        };
    }

    /// <summary>Adds what an address leads to. One dead end does not keep mail from the others; what is returned ends it for all.</summary>
    private RecipientRoute.Refuse? Follow(Resolved found, Queue<EmailAddress> pending, List<RecipientRoute> targets)
    {
        switch (found.Entry)
        {
            case DirectoryEntry.Account account:
                if (account.Forward is not { KeepsCopy: false })
                {
                    targets.Add(Local(found));
                }

                Enqueue(pending, account.Forward?.Targets ?? []);
                return null;
            case DirectoryEntry.Alias alias:
                Enqueue(pending, alias.Targets);
                return null;
            case DirectoryEntry.Unknown unknown:
                Enqueue(pending, unknown.Instead);
                return null;
            case DirectoryEntry.TryLater:
                return TryLater;
            default:
                var route = Outward(found.Address, (found.Entry as DirectoryEntry.RelayDomain)?.Via);
                if (route is RecipientRoute.Refuse refuse)
                {
                    return refuse;
                }

                targets.Add(route);
                return null;
        }
    }

    private static void Enqueue(Queue<EmailAddress> pending, IReadOnlyList<EmailAddress> targets)
    {
        foreach (var target in targets)
        {
            pending.Enqueue(target);
        }
    }

    /// <param name="Address">What was looked up.</param>
    /// <param name="Entry">What it stands for.</param>
    /// <param name="Tag">What stood behind the delimiter.</param>
    private readonly record struct Resolved(EmailAddress Address, DirectoryEntry Entry, string Tag);
}
