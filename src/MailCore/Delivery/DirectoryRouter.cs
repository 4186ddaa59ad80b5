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

    /// <summary>Whether mail from authenticated clients for elsewhere, and mail for relay domains, goes to the queue. Off: there must be one.</summary>
    public bool RelaysOutward { get; set; }

    /// <summary>Addresses that one recipient may stand for in the end; 1,000 by default.</summary>
    public int MaxExpansion { get; set; } = 1_000;
}

/// <summary>
/// Routes by the directory: accounts, aliases (nested, loop-safe), subaddresses, postmaster. Unknown addresses of our domains are
/// 550 5.1.1, other domains 550 5.7.1. Thread-safe.
/// </summary>
public sealed class DirectoryRouter : IMessageRouter
{
    /// <summary>Routes by <paramref name="directory"/>.</summary>
    public DirectoryRouter(IMailDirectory directory, DirectoryRouterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        _ = options;
    }

    /// <inheritdoc/>
    public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) => throw new NotImplementedException();
}
