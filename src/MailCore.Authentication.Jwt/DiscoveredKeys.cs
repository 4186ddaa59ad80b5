using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace MailCore.Authentication.Jwt;

/// <summary>A provider's issuer name and keys, by OpenID Connect Discovery. Fetched when first needed, one fetch at a time. Thread-safe.</summary>
internal sealed class DiscoveredKeys : IDisposable
{
    private const int MaxAnswer = 1024 * 1024;

    private readonly JwtOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _fetching = new(1);
    private Provider? _provider;
    private DateTimeOffset _fetched;

    public DiscoveredKeys(JwtOptions options, TimeProvider time)
    {
        var authority = options.Authority!.AbsoluteUri.TrimEnd('/');
        (_options, _time) = (options, time);
        Address = new Uri($"{authority}/.well-known/openid-configuration");
        RequireSafe(Address);
        _http = new HttpClient(options.HttpHandler ?? new SocketsHttpHandler { AllowAutoRedirect = false }, disposeHandler: options.HttpHandler is null)
        {
            Timeout = options.RequestTimeout,
            MaxResponseContentBufferSize = MaxAnswer,
        };
    }

    /// <summary>The provider's configuration.</summary>
    public Uri Address { get; }

    /// <summary>What is known, fetched if it is too old, or if <paramref name="isMissing"/> says that a key was not among it.</summary>
    /// <exception cref="HttpRequestException">The provider can't be asked, and nothing is known yet.</exception>
    public async ValueTask<Provider> GetAsync(bool isMissing, CancellationToken cancellationToken)
    {
        if (_provider is { } known && !IsDue(isMissing))
        {
            return known;
        }

        await _fetching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_provider is not null && !IsDue(isMissing))
            {
                return _provider;
            }

            _provider = await FetchAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (_provider is not null && error is HttpRequestException or JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The old keys are better than none, and the provider is left alone for a while.
        }
        finally
        {
            _fetched = _time.GetUtcNow();
            _fetching.Release();
        }

        return _provider!;
    }

    public void Dispose()
    {
        _http.Dispose();
        _fetching.Dispose();
    }

    private bool IsDue(bool isMissing) => _time.GetUtcNow() - _fetched >= (isMissing ? _options.MinRefreshInterval : _options.KeyLifetime);

    private async Task<Provider> FetchAsync(CancellationToken cancellationToken)
    {
        using var configuration = JsonDocument.Parse(await _http.GetStringAsync(Address, cancellationToken).ConfigureAwait(false));
        var issuer = Text(configuration.RootElement, "issuer");
        // OpenID Connect Discovery 4.3
        if (_options.Issuer is null && issuer.TrimEnd('/') != _options.Authority!.AbsoluteUri.TrimEnd('/'))
        {
            throw new HttpRequestException($"{Address} speaks for the issuer '{issuer}'.");
        }

        var address = new Uri(Text(configuration.RootElement, "jwks_uri"), UriKind.Absolute);
        RequireSafe(address);
        var keys = JwtKeys.FromKeySet(await _http.GetStringAsync(address, cancellationToken).ConfigureAwait(false));
        return new Provider(_options.Issuer ?? issuer, keys);
    }

    private static string Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text
            ? text
            : throw new JsonException($"The provider's configuration has no '{name}'.");

    private static void RequireSafe(Uri address)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
        {
            throw new ArgumentException($"'{address}' is not https.");
        }
    }

    /// <summary>What discovery found.</summary>
    internal sealed record Provider(string Issuer, IReadOnlyList<SecurityKey> Keys);
}
