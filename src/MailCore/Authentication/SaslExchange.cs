namespace MailCore.Authentication;

/// <summary>
/// One run of a SASL mechanism (RFC 4422), independent of the protocol that carries it: each protocol does its own base64,
/// cancellation and framing. Belongs to one session.
/// </summary>
public interface ISaslExchange
{
    /// <summary>
    /// Takes what the client sent, decoded; null when the client sent no initial response, which is not the same as an empty one.
    /// Not called again after an answer other than <see cref="SaslStep.Challenge"/>. An array and not a memory: null would convert to
    /// an empty one unnoticed.
    /// </summary>
    ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken);
}

/// <summary>What comes next in a SASL exchange.</summary>
public abstract record SaslStep
{
    private SaslStep() { }

    /// <summary>Send this, not yet encoded, and wait for a response.</summary>
    public sealed record Challenge(ReadOnlyMemory<byte> Data) : SaslStep;

    /// <summary>The exchange is over.</summary>
    public sealed record Done(AuthenticationResult Result) : SaslStep;

    /// <summary>The response was not of the mechanism's form: 501, BAD, -ERR.</summary>
    public sealed record Malformed(string Reason) : SaslStep;
}
