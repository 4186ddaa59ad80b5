using MailCore.Storage;
using Microsoft.IdentityModel.Tokens;

namespace MailCore.Authentication.Jwt;

/// <summary>Which tokens are good, and whose they are.</summary>
public sealed class JwtOptions
{
    /// <summary>What the token's "iss" must be. By default the <see cref="Authority"/>'s own word for it.</summary>
    public string? Issuer { get; set; }

    /// <summary>Of these, the token's "aud" must hold one. Not to be empty: a token made for another service is no login here.</summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>
    /// The OpenID provider, such as https://id.example.org/realms/mail; its keys are found by discovery and kept up to date. Null when
    /// the keys are configured. In cleartext on loopback only.
    /// </summary>
    public Uri? Authority { get; set; }

    /// <summary>Keys that sign tokens, beside those of the <see cref="Authority"/>; see <see cref="JwtKeys"/>.</summary>
    public IList<SecurityKey> Keys { get; } = [];

    /// <summary>Accepted signatures; those with public keys (RS, PS, ES; 256, 384, 512) by default. HS256 is not, unless it is added.</summary>
    public IList<string> Algorithms { get; } =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <summary>A scope that "scope" or "scp" must hold; null for none. Clients whose token is refused are told.</summary>
    public string? RequiredScope { get; set; }

    /// <summary>The claim with the user's e-mail address; "email" by default. One that "email_verified" says is not verified is not taken.</summary>
    public string NameClaim { get; set; } = "email";

    /// <summary>How far the clocks may be apart; 1 min by default.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>After this long the provider's keys are fetched anew; 12 h by default.</summary>
    public TimeSpan KeyLifetime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>For a token with a key not seen before the keys are fetched earlier, but not more often than this; 1 min by default.</summary>
    public TimeSpan MinRefreshInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>For one request to the provider; 10 s by default.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Carries the requests to the provider; the framework's own by default.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Finds the account of a name; by default it is that of the directory.</summary>
    public Func<string, CancellationToken, ValueTask<AccountId?>>? FindAccount { get; set; }
}
