using MailCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Tests.Authentication;

/// <summary>Exchanges without a protocol around them.</summary>
internal static class LoginServices
{
    public static LoginOptions WithoutDelay() => new() { FailureDelay = TimeSpan.Zero };

    public static LoginService Over(IMailAuthenticator authenticator, LoginOptions? options = null, TimeProvider? time = null) =>
        new(authenticator, options ?? WithoutDelay(), time ?? TimeProvider.System, NullLogger<LoginService>.Instance);

    /// <summary>Plays a client's part to the end.</summary>
    public static async Task<SaslStep> PlayAsync(this LoginService login, ClientMechanism client, AuthenticationContext context, bool hasInitial = true)
    {
        var exchange = login.Start(client.Name, context) ?? throw new InvalidOperationException($"{client.Name} is not offered.");
        var step = await exchange.StepAsync(hasInitial ? client.Initial() : null, default);
        while (step is SaslStep.Challenge challenge)
        {
            step = await exchange.StepAsync(client.Respond(challenge.Data.ToArray()), default);
        }

        return step;
    }

    public static async Task<AuthenticationResult> ResultAsync(this LoginService login, ClientMechanism client, AuthenticationContext context) =>
        await login.PlayAsync(client, context) is SaslStep.Done done ? done.Result : throw new InvalidOperationException("malformed");
}
