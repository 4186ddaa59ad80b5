namespace MailCore.Hosting;

/// <summary>An endpoint whose protocol is one of MailCore's own, with that protocol's options.</summary>
public class ProtocolEndpointBuilder<TOptions> : MailEndpointBuilder
{
    internal ProtocolEndpointBuilder(string name, int port, TOptions options)
        : base(name, port) => Options = options;

    /// <summary>Limits, time-outs and behaviour of this endpoint alone; read when the server starts.</summary>
    public TOptions Options { get; }

    internal override bool TakesLogins => true;
}
