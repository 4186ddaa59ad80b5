using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>What the MTA-STS policy of a domain asks for (RFC 8461 4, 5).</summary>
internal sealed class MtaStsTlsPolicy(MtaStsCache cache, MtaStsRefresher? refresher = null) : IOutboundTlsPolicy
{
    public bool IsRecipients => true;

    public async ValueTask<OutboundTlsAnswer> GetRequirementAsync(OutboundServer server, CancellationToken cancellationToken)
    {
        if (!server.UsesMx)
        {
            return default;
        }

        var (policy, problem) = await cache.FindAsync(server.Domain, cancellationToken).ConfigureAwait(false);
        if (policy is not null)
        {
            refresher?.Note(server.Domain);
        }

        if (policy is null || policy.Mode == MtaStsMode.None)
        {
            return problem is null ? default : new OutboundTlsAnswer(null, null, new PublishedPolicy("sts", [], []) { Problem = problem });
        }

        var isListed = policy.Matches(server.Host);
        var published = new PublishedPolicy("sts", policy.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries), policy.Mx)
        {
            Problem = problem ?? (isListed ? null : "validation-failure"),
        };
        return policy.Mode == MtaStsMode.Testing ? new OutboundTlsAnswer(null, null, published)
            : isListed ? new OutboundTlsAnswer(new OutboundTlsRequirement { Level = OutboundTlsLevel.Verify, Source = "mta-sts", IsHostVouchedFor = true }, null, published)
            : new OutboundTlsAnswer(null, new SmtpReply(450, "4.7.5", $"{server.Host} is not among the hosts that the MTA-STS policy of {server.Domain} lists"), published);
    }
}
