using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Authentication;

/// <summary>
/// SCRAM (RFC 5802, RFC 7677), server side, with or without channel binding. An unknown user is led through the whole exchange, with
/// a salt made up for the name.
/// </summary>
internal sealed class ScramExchange(LoginAttempt attempt, ScramHash hash, bool isPlus) : ISaslExchange
{
    private static readonly AuthenticationResult Rejected = new AuthenticationResult.Rejected();

    private ScramClientFirst? _first;
    private string _serverFirst = "";
    private string _nonce = "";
    private ScramKeys? _keys;
    private AuthenticationResult _result = Rejected;
    private bool _isProved;

    /// <summary>Random unless set, for examples.</summary>
    public string ServerNonce { get; init; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));

    public ValueTask<SaslStep> StepAsync(byte[]? response, CancellationToken cancellationToken)
    {
        if (response is null)
        {
            return new(new SaslStep.Challenge(ReadOnlyMemory<byte>.Empty));
        }

        return _first is null ? BeginAsync(response, cancellationToken)
            : _isProved ? EndAsync(response, cancellationToken)
            : ProveAsync(_first, response, cancellationToken);
    }

    private async ValueTask<SaslStep> BeginAsync(byte[] response, CancellationToken cancellationToken)
    {
        if (ScramClientFirst.Parse(response) is not { } first || (first.Flag == 'p') != isPlus)
        {
            return new SaslStep.Malformed("This is not how SCRAM begins");
        }

        attempt.Claim(first.User, first.Authorization);

        // RFC 5802 6: the client can bind and saw no mechanism to do it with, so somebody has taken it out of what we offered.
        var isDowngrade = first.Flag == 'y' && attempt.Offer.BindsChannel;
        if (isDowngrade || (isPlus && FindBinding(first) is null))
        {
            return new SaslStep.Done(await attempt.SettleAsync(first.User, Rejected, cancellationToken).ConfigureAwait(false));
        }

        (_keys, _result) = await attempt.FindScramAsync(first.User, hash, cancellationToken).ConfigureAwait(false);
        if (_keys is null)
        {
            return new SaslStep.Done(_result);
        }

        _first = first;
        _nonce = first.Nonce + ServerNonce;
        _serverFirst = string.Create(CultureInfo.InvariantCulture, $"r={_nonce},s={Convert.ToBase64String(_keys.Salt.Span)},i={_keys.Iterations}");
        return new SaslStep.Challenge(Encoding.UTF8.GetBytes(_serverFirst));
    }

    private async ValueTask<SaslStep> ProveAsync(ScramClientFirst first, byte[] response, CancellationToken cancellationToken)
    {
        if (ScramClientFinal.Parse(response) is not { } final || final.Proof.Length != ScramFunctions.Length(hash))
        {
            return new SaslStep.Malformed("This is not how SCRAM goes on");
        }

        var message = Encoding.UTF8.GetBytes($"{first.Bare},{_serverFirst},{final.WithoutProof}");
        // All three are always looked at.
        var isSame = final.Nonce == _nonce & CryptographicOperations.FixedTimeEquals(final.Binding, ExpectedBinding(first)) & IsProof(final.Proof, message);
        if (!isSame || _result is AuthenticationResult.Rejected)
        {
            return new SaslStep.Done(await attempt.SettleAsync(first.User, Rejected, cancellationToken).ConfigureAwait(false));
        }

        _result = attempt.OnBehalf(_result, first.User, first.Authorization);
        if (_result is not AuthenticationResult.Ok)
        {
            return new SaslStep.Done(await attempt.SettleAsync(first.User, _result, cancellationToken).ConfigureAwait(false));
        }

        _isProved = true;
        var signature = ScramFunctions.Mac(hash, _keys!.ServerKey.Span, message);
        return new SaslStep.Challenge(Encoding.ASCII.GetBytes($"v={Convert.ToBase64String(signature)}"));
    }

    // The client takes note of the server's signature by an empty response.
    private async ValueTask<SaslStep> EndAsync(byte[] response, CancellationToken cancellationToken) => response.Length > 0
        ? new SaslStep.Malformed("SCRAM ends with an empty response")
        : new SaslStep.Done(await attempt.SettleAsync(_first!.User, _result, cancellationToken).ConfigureAwait(false));

    private bool IsProof(byte[] proof, byte[] message)
    {
        var stored = _keys!.StoredKey.Span;
        var key = ScramFunctions.Mac(hash, stored, message);
        for (var i = 0; i < key.Length; i++)
        {
            key[i] ^= proof[i];
        }

        return CryptographicOperations.FixedTimeEquals(ScramFunctions.Digest(hash, key), stored);
    }

    private byte[] ExpectedBinding(ScramClientFirst first) => [.. Encoding.UTF8.GetBytes(first.Header), .. FindBinding(first) ?? []];

    private byte[]? FindBinding(ScramClientFirst first) =>
        first.Flag == 'p' && attempt.Context.Tls is { } tls ? ChannelBinding.Find(first.Binding, tls) : null;
}
