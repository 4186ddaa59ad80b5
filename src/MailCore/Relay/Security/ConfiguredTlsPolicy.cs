namespace MailCore.Relay.Security;

/// <summary>What the configuration asks for.</summary>
internal sealed class ConfiguredTlsPolicy(OutboundTlsOptions options) : IOutboundTlsPolicy
{
    public ValueTask<OutboundTlsAnswer> GetRequirementAsync(OutboundServer server, CancellationToken cancellationToken)
    {
        var requirement = options.Find(server.Domain) is { } rule
            ? new OutboundTlsRequirement { Level = rule.Level, Names = rule.Names, Source = "configuration" }
            : options.DefaultLevel == OutboundTlsLevel.Opportunistic ? OutboundTlsRequirement.Opportunistic
            : new OutboundTlsRequirement { Level = options.DefaultLevel, Source = "configuration" };
        return new(new OutboundTlsAnswer(requirement));
    }
}
