using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MailCore.Tls;

namespace MailCore.Tests.Authentication.Jwt;

/// <summary>An OpenID provider on loopback, by HTTP or HTTPS: its configuration, its keys, and tokens signed by them.</summary>
internal sealed class TestProvider : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ServerCertificate? _certificate;
    private readonly List<(string Id, RSA Key)> _keys = [];

    public TestProvider(bool https = false)
    {
        _certificate = https ? ServerCertificate.SelfSigned("localhost") : null;
        _listener.Start();
        Authority = new Uri($"{(https ? "https" : "http")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/realms/mail");
        Issuer = Authority.AbsoluteUri;
        AddKey("first");
        _ = AcceptAsync();
    }

    public Uri Authority { get; }

    /// <summary>What its configuration says it is.</summary>
    public string Issuer { get; set; }

    /// <summary>Answers 503 to everything.</summary>
    public bool IsDown { get; set; }

    /// <summary>Requests for the keys so far.</summary>
    public int KeyRequests { get; private set; }

    public void AddKey(string id) => _keys.Add((id, RSA.Create(2048)));

    public string PublicPem(string key = "first") => _keys.Single(pair => pair.Id == key).Key.ExportSubjectPublicKeyInfoPem();

    public string KeySet() => JsonSerializer.Serialize(new
    {
        keys = _keys.Select(static pair =>
        {
            var key = pair.Key.ExportParameters(false);
            return new { kty = "RSA", use = "sig", alg = "RS256", kid = pair.Id, n = Url(key.Modulus!), e = Url(key.Exponent!) };
        }),
    });

    /// <summary>Written by hand, so that the library's reader is not tested with its own writer.</summary>
    public string Token(Dictionary<string, object> claims, string key = "first", string algorithm = "RS256")
    {
        var text = $"{Url(JsonSerializer.SerializeToUtf8Bytes(new { alg = algorithm, typ = "JWT", kid = key }))}.{Url(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        var signature = algorithm switch
        {
            "none" => [],
            "HS256" => HMACSHA256.HashData(Encoding.ASCII.GetBytes(PublicPem(key)), Encoding.ASCII.GetBytes(text)),
            _ => _keys.Single(pair => pair.Id == key).Key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{text}.{Url(signature)}";
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var (_, key) in _keys)
        {
            key.Dispose();
        }
    }

    private static string Url(byte[] octets) => System.Buffers.Text.Base64Url.EncodeToString(octets);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            Stream stream = client.GetStream();
            if (_certificate is not null)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate.Select(null) });
                stream = tls;
            }

            using var reader = new StreamReader(stream, Encoding.ASCII);
            var request = (await reader.ReadLineAsync())?.Split(' ')[1];
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
            }

            var body = Answer(request);
            var status = body is null ? "503 Service Unavailable" : "200 OK";
            var octets = Encoding.UTF8.GetBytes(body ?? "");
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {octets.Length}\r\nConnection: close\r\n\r\n"));
            await stream.WriteAsync(octets);
            await stream.FlushAsync();
        }
    }

    private string? Answer(string? path)
    {
        switch (path)
        {
            case "/realms/mail/.well-known/openid-configuration" when !IsDown:
                return JsonSerializer.Serialize(new { issuer = Issuer, jwks_uri = Authority.AbsoluteUri + "/keys" });
            case "/realms/mail/keys" when !IsDown:
                KeyRequests++;
                return KeySet();
            default:
                return null;
        }
    }
}
