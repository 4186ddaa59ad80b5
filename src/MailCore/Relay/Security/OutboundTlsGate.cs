using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay.Security;

/// <summary>The one place where policies are compared: the strongest requirement wins, whoever asks for it, and a refusal of any counts. Thread-safe.</summary>
internal sealed partial class OutboundTlsGate(IReadOnlyList<IOutboundTlsPolicy> policies, ILogger<OutboundTlsGate> logger)
{
    // Used by the generated log method.
    private readonly ILogger _logger = logger;

    public async ValueTask<GateAnswer> AskAsync(OutboundServer server, MessageTls wish, CancellationToken cancellationToken)
    {
        var strongest = new OutboundTlsRequirement { Level = OutboundTlsLevel.None, Source = "configuration" };
        var (refusal, isVouchedFor, published) = (default(SmtpReply), server is { UsesMx: true, IsFoundSecurely: true }, new List<PublishedPolicy>());
        foreach (var policy in policies.Where(policy => wish != MessageTls.NotRequired || !policy.IsRecipients))
        {
            var answer = await AskAsync(policy, server, cancellationToken).ConfigureAwait(false);
            // What may pass is worth more than what will not.
            refusal = refusal is { IsTransient: true } ? refusal : answer.Refusal ?? refusal;
            if (answer.Published is { } facts)
            {
                published.Add(facts);
            }

            if (answer.Requirement is { } requirement)
            {
                isVouchedFor |= requirement.IsHostVouchedFor;
                // Of two that ask for DANE, one has the records.
                strongest = (requirement.Level, requirement.Associations.Count).CompareTo((strongest.Level, strongest.Associations.Count)) > 0 ? requirement : strongest;
            }
        }

        if (refusal is null && strongest is { Level: OutboundTlsLevel.Dane, Associations.Count: 0 })
        {
            refusal = new SmtpReply(450, "4.7.5", $"{server.Host}: DANE is required, and there are no usable TLSA records that DNSSEC vouches for");
        }

        return new GateAnswer(strongest with { IsHostVouchedFor = isVouchedFor }, refusal, published);
    }

    private async ValueTask<OutboundTlsAnswer> AskAsync(IOutboundTlsPolicy policy, OutboundServer server, CancellationToken cancellationToken)
    {
        try
        {
            return await policy.GetRequirementAsync(server, cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A policy that breaks makes mail wait; what it would have required is not known.
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Broke(policy.GetType().Name, server.Host, error);
            return new OutboundTlsAnswer(null, new SmtpReply(451, "4.7.5", $"{server.Host}: what TLS it needs can't be found out now"));
        }
    }

    [LoggerMessage(EventId = 4411, Level = LogLevel.Error, Message = "{Policy} can't say what TLS {Host} needs")]
    private partial void Broke(string policy, string host, Exception error);
}

/// <summary>What all policies together say.</summary>
internal sealed record GateAnswer(OutboundTlsRequirement Requirement, SmtpReply? Refusal, IReadOnlyList<PublishedPolicy> Published);
