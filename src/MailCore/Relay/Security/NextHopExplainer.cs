using System.Text;
using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>Tells what the relay would do with mail for a destination, without sending any. Thread-safe.</summary>
public sealed class NextHopExplainer
{
    private readonly INextHopFinder _finder;
    private readonly RelayClientOptions _client;

    internal NextHopExplainer(INextHopFinder finder, RelayClientOptions client) => (_finder, _client) = (finder, client);

    /// <summary>
    /// Looks a destination up: a domain, a domain with a port, or a host in brackets (<see cref="NextHop.TryParse"/>). DNS and MTA-STS are
    /// asked for real; no mail server is.
    /// </summary>
    /// <exception cref="FormatException">That is no destination.</exception>
    public async Task<NextHopExplanation> ExplainAsync(string destination, bool requireTls = false, CancellationToken cancellationToken = default)
    {
        if (!NextHop.TryParse(destination, out var hop))
        {
            throw new FormatException($"'{destination}' is no destination. Write example.org, example.org:25 or [mx.example.org]:25.");
        }

        // The default for mail from nobody in particular; a sender may have a smart host of his own.
        var way = hop is { UsesMx: true, Port: 25 } && EmailAddress.TryParse($"postmaster@{hop.Host}", out var recipient) ? _client.Current.SmartHosts.Find(ReversePath.Null, recipient) : hop;
        var plan = await _finder.FindAsync(way, requireTls ? MessageTls.Required : MessageTls.Usual, cancellationToken).ConfigureAwait(false);
        return new NextHopExplanation(way, plan.Failure, [.. plan.Hosts.Select(static host => new HostExplanation(host.Name, host.Tls, host.Policies)
        {
            Addresses = [.. host.Addresses.Select(static address => address.ToString())],
        })])
        { Refusals = plan.Refusals };
    }
}

/// <summary>What was found about a destination.</summary>
/// <param name="Hop">Where its mail goes; a smart host, where one takes it.</param>
/// <param name="Failure">Why mail waits (4xx) or is returned (5xx); null where it is sent.</param>
/// <param name="Hosts">In the order in which they are tried.</param>
public sealed record NextHopExplanation(NextHop Hop, SmtpReply? Failure, IReadOnlyList<HostExplanation> Hosts)
{
    /// <summary>Why other hosts are not used.</summary>
    public IReadOnlyList<SmtpReply> Refusals { get; init; } = [];

    /// <summary>For people, lines that end in '\n'.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Hop}\n");
        foreach (var host in Hosts)
        {
            text.Append(host);
        }

        foreach (var refusal in Refusals)
        {
            text.Append($"  not used: {refusal}\n");
        }

        return Failure is null ? text.ToString() : text.Append($"  {(Failure.IsTransient ? "mail waits" : "mail is returned")}: {Failure}\n").ToString();
    }
}

/// <summary>One host of a destination.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Requirement">What a connection to it must be, and who asks for it.</param>
/// <param name="Published">What the domain has published.</param>
public sealed record HostExplanation(string Name, OutboundTlsRequirement Requirement, IReadOnlyList<PublishedPolicy> Published)
{
    /// <summary>In the order in which they are tried.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>For people, lines that end in '\n'.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"  {Name} ({string.Join(", ", Addresses)})\n    required: {Describe()} (by {Requirement.Source})\n");
        foreach (var policy in Published)
        {
            text.Append($"    found: {policy.Type}{(policy.Problem is null ? "" : $", problem: {policy.Problem}")}\n");
            foreach (var line in policy.Lines)
            {
                text.Append($"      {line}\n");
            }
        }

        return text.ToString();
    }

    private string Describe() => Requirement.Level switch
    {
        OutboundTlsLevel.None => "cleartext",
        OutboundTlsLevel.Opportunistic => "TLS where it is offered, any certificate",
        OutboundTlsLevel.Encrypt => "TLS, any certificate",
        OutboundTlsLevel.Verify => $"TLS with a trusted certificate for {(Requirement.Names.Count == 0 ? Name : string.Join(" or ", Requirement.Names))}",
        _ => "TLS with a certificate that a TLSA record stands for",
    };
}
