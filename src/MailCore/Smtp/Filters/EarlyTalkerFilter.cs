using System.Net;
using MailCore.Messaging;

namespace MailCore.Smtp.Filters;

/// <summary>How long the greeting is held back.</summary>
public sealed class EarlyTalkerOptions
{
    /// <summary>5 s by default; RFC 5321 4.5.3.2.1 lets a client wait for 5 min.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Clients that are greeted at once; loopback by default.</summary>
    public IList<IPNetwork> Exempt { get; } = ClientNetworks.Loopback();
}

/// <summary>Holds the greeting back and closes, with 521 5.5.1, on clients that talk before it: no mail server does (RFC 5321 3.1).</summary>
public sealed class EarlyTalkerFilter : ISmtpFilter
{
    private static readonly SmtpReply TooEarly = new(521, "5.5.1", "You talked before the greeting");

    private readonly EarlyTalkerOptions _options;

    /// <summary>Waits as the options say.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The delay is not positive.</exception>
    public EarlyTalkerFilter(EarlyTalkerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Delay, TimeSpan.Zero, nameof(options));
        _options = options;
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpVerdict> OnConnectAsync(SmtpFilterContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ClientNetworks.Stranger(context, _options.Exempt) is not null && await context.WaitForInputAsync(_options.Delay).ConfigureAwait(false)
            ? SmtpVerdict.Reject(TooEarly)
            : SmtpVerdict.Continue;
    }
}
