using System.Text.Json;

namespace MailCore.Authentication;

/// <summary>What OAUTHBEARER and XOAUTH2 have in common: one message with a token, and a refusal that is told before it is a failure.</summary>
internal abstract class TokenExchange(LoginAttempt attempt) : ISaslExchange
{
    private AuthenticationResult? _refusal;

    /// <summary>What a refused client is told as "status".</summary>
    protected abstract string Status { get; }

    public async ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        // Whatever the client says to its refusal.
        if (_refusal is not null)
        {
            return new SaslStep.Done(_refusal);
        }

        if (response is null)
        {
            return new SaslStep.Challenge(ReadOnlyMemory<byte>.Empty);
        }

        if (!ScramText.TryDecode(response, out var text) || !TryParse(text, out var user, out var token))
        {
            return new SaslStep.Malformed("This is not a message with a bearer token");
        }

        var result = await attempt.VerifyTokenAsync(token, user, cancellationToken).ConfigureAwait(false);
        if (result is AuthenticationResult.Ok or AuthenticationResult.TryLater)
        {
            return new SaslStep.Done(result);
        }

        _refusal = result;
        return new SaslStep.Challenge(Refusal());
    }

    protected abstract bool TryParse(string text, out string user, out string token);

    /// <summary>The token of "auth=Bearer token" among pairs that end in %x01.</summary>
    protected static bool TryFindToken(string pairs, out string token)
    {
        token = "";
        foreach (var pair in pairs.Split('\u0001', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || !pair.AsSpan(0, equals).ToString().All(char.IsAsciiLetter))
            {
                return false;
            }

            if (pair.StartsWith("auth=Bearer ", StringComparison.OrdinalIgnoreCase))
            {
                token = pair["auth=Bearer ".Length..].Trim(' ');
            }
        }

        // RFC 6750 2.1
        return token.Length > 0 && token.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' or '+' or '/' or '=');
    }

    // RFC 7628 3.2.2
    private byte[] Refusal()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("status", Status);
            json.WriteString("schemes", "bearer");
            if (attempt.Tokens?.Scope is { } scope)
            {
                json.WriteString("scope", scope);
            }

            if (attempt.Tokens?.OpenIdConfiguration is { } configuration)
            {
                json.WriteString("openid-configuration", configuration);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
