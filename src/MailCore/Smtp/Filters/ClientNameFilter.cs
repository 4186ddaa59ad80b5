using System.Net;
using MailCore.Dns;
using MailCore.Messaging;

namespace MailCore.Smtp.Filters;

/// <summary>What a stranger's names must be.</summary>
public sealed class ClientNameOptions
{
    /// <summary>Whether the address must have a name (PTR); else 550 5.7.25 at MAIL. On.</summary>
    public bool RequireReverseName { get; set; } = true;

    /// <summary>Whether one of those names must lead back to the address; else 550 5.7.25 at MAIL. Off: many honest servers fail it.</summary>
    public bool RequireForwardConfirmed { get; set; }

    /// <summary>Whether the name in EHLO must have a dot or be an address literal; else 550 5.7.1 at EHLO. On.</summary>
    public bool RequireQualifiedHello { get; set; } = true;

    /// <summary>Whether the name in EHLO must not be this server's own; else 550 5.7.1 at EHLO. On.</summary>
    public bool RefuseOwnHello { get; set; } = true;

    /// <summary>Whether the name in EHLO must have an address or a mail server; else 550 5.7.1 at MAIL. Off.</summary>
    public bool RequireResolvableHello { get; set; }

    /// <summary>Whether a look-up without an answer lets the client pass. Off: 451 4.4.3.</summary>
    public bool PassOnFailure { get; set; }

    /// <summary>Names that are this server's own beside the one in its greeting.</summary>
    public IList<string> OwnNames { get; } = [];

    /// <summary>Clients that are not checked; loopback by default.</summary>
    public IList<IPNetwork> Exempt { get; } = ClientNetworks.Loopback();
}

/// <summary>Checks what a stranger's address is called in the DNS, and, but for submission, what it calls itself.</summary>
public sealed class ClientNameFilter : ISmtpFilter
{
    // More names of one address are looked back from only by accident or on purpose.
    private const int MaxNames = 10;

    private static readonly SmtpReply NotQualified = new(550, "5.7.1", "Say EHLO with your full name");
    private static readonly SmtpReply OurName = new(550, "5.7.1", "That is my name, say EHLO with yours");
    private static readonly SmtpReply UnknownHello = new(550, "5.7.1", "The name in your EHLO does not exist");
    private static readonly SmtpReply NoReverseName = new(550, "5.7.25", "Your address has no name");
    private static readonly SmtpReply NotConfirmed = new(550, "5.7.25", "The name of your address does not lead back to it");
    private static readonly SmtpReply TryLater = new(451, "4.4.3", "Cannot look your name up now, try again later");

    private readonly ClientNameOptions _options;
    private readonly IDnsResolver _dns;

    /// <summary>Looks up by <paramref name="dns"/>.</summary>
    public ClientNameFilter(ClientNameOptions options, IDnsResolver dns)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(dns);
        (_options, _dns) = (options, dns);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpVerdict> OnHelloAsync(SmtpFilterContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var name = (context.Session.ClientName ?? "").TrimEnd('.');
        // Mail programs call themselves many things, and will log in.
        if (ReferenceEquals(context.Dialect, SmtpDialect.Submission) || ClientNetworks.Stranger(context, _options.Exempt) is null)
        {
            return default;
        }

        return _options.RequireQualifiedHello && !IsLiteral(name) && !name.Contains('.', StringComparison.Ordinal) ? new(SmtpVerdict.Reject(NotQualified))
            : _options.RefuseOwnHello && _options.OwnNames.Append(context.Session.ServerName).Contains(name, StringComparer.OrdinalIgnoreCase) ? new(SmtpVerdict.Reject(OurName))
            : default;
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpVerdict> OnMailFromAsync(SmtpFilterContext context, MailTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (ClientNetworks.Stranger(context, _options.Exempt) is not { } address)
        {
            return SmtpVerdict.Continue;
        }

        var refusal = _options.RequireReverseName || _options.RequireForwardConfirmed
            ? await CheckAddressAsync(address, cancellationToken).ConfigureAwait(false)
            : null;
        if (refusal is null && _options.RequireResolvableHello && context.Session.ClientName is { } name && !IsLiteral(name))
        {
            refusal = await CheckHelloAsync(name, cancellationToken).ConfigureAwait(false);
        }

        return refusal is null ? SmtpVerdict.Continue : SmtpVerdict.Reject(refusal);
    }

    private async ValueTask<SmtpReply?> CheckAddressAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var names = await _dns.QueryAsync(DnsName.OfAddress(address), DnsRecordType.Ptr, cancellationToken).ConfigureAwait(false);
        if (names.Outcome != DnsOutcome.Found)
        {
            return Refusal(names.Outcome == DnsOutcome.Failed, NoReverseName);
        }

        if (!_options.RequireForwardConfirmed)
        {
            return null;
        }

        var type = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? DnsRecordType.Aaaa : DnsRecordType.A;
        var isUnsure = false;
        foreach (var pointer in names.Records.OfType<PointerRecord>().Take(MaxNames))
        {
            var back = await _dns.QueryAsync(pointer.Target, type, cancellationToken).ConfigureAwait(false);
            if (back.Records.OfType<AddressRecord>().Any(record => record.Address.Equals(address)))
            {
                return null;
            }

            isUnsure |= back.Outcome == DnsOutcome.Failed;
        }

        return Refusal(isUnsure, NotConfirmed);
    }

    private async ValueTask<SmtpReply?> CheckHelloAsync(string name, CancellationToken cancellationToken)
    {
        var isUnsure = false;
        foreach (var type in new[] { DnsRecordType.A, DnsRecordType.Aaaa, DnsRecordType.Mx })
        {
            var answer = await _dns.QueryAsync(name, type, cancellationToken).ConfigureAwait(false);
            if (answer.Outcome == DnsOutcome.Found)
            {
                return null;
            }

            isUnsure |= answer.Outcome == DnsOutcome.Failed;
        }

        return Refusal(isUnsure, UnknownHello);
    }

    private SmtpReply? Refusal(bool isUnsure, SmtpReply refusal) => !isUnsure ? refusal : _options.PassOnFailure ? null : TryLater;

    private static bool IsLiteral(string name) => name.StartsWith('[') && name.EndsWith(']');
}
