using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;

namespace MailCore.Relay.Security;

/// <summary>A policy, or why there is none, by RFC 8460 4.3.</summary>
internal readonly record struct MtaStsFetch(MtaStsPolicy? Policy, string? Problem);

/// <summary>Gets the policy of a domain by HTTPS (RFC 8461 3.3): certificate checked, no redirect followed, little read. Thread-safe.</summary>
internal sealed class MtaStsFetcher(IDnsResolver dns, MtaStsOptions options, TimeProvider time)
{
    private const string NotFetched = "sts-policy-fetch-error";

    public async ValueTask<MtaStsFetch> FetchAsync(string domain, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.FetchTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var handler = MakeHandler();
            using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
            using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder("https", $"mta-sts.{domain}", options.Port, "/.well-known/mta-sts.txt").Uri);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            // Another type is likely to be what users of a web server have put there.
            if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentType?.MediaType?.Equals("text/plain", StringComparison.OrdinalIgnoreCase) != true)
            {
                return new MtaStsFetch(null, NotFetched);
            }

            return await ReadAsync(response.Content, either.Token).ConfigureAwait(false) is { } octets && MtaStsPolicy.TryParse(octets, out var policy)
                ? new MtaStsFetch(policy, null)
                : new MtaStsFetch(null, "sts-policy-invalid");
        }
        catch (HttpRequestException error)
        {
            return new MtaStsFetch(null, error.InnerException is AuthenticationException ? "sts-webpki-invalid" : NotFetched);
        }
        catch (Exception error) when (error is IOException or UriFormatException || timeout.IsCancellationRequested)
        {
            return new MtaStsFetch(null, NotFetched);
        }
    }

    /// <summary>Null for more than a policy may have.</summary>
    private static async ValueTask<byte[]?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[MtaStsPolicy.MaxOctets + 1];
        var count = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return count <= MtaStsPolicy.MaxOctets ? buffer[..count] : null;
    }

    private SocketsHttpHandler MakeHandler()
    {
        var chain = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (options.Authorities is { } authorities)
        {
            chain.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.CustomTrustStore.AddRange(authorities);
        }

        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxResponseHeadersLength = 16,
            AutomaticDecompression = DecompressionMethods.None,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = chain },
            ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false),
        };
    }

    private async ValueTask<NetworkStream> ConnectAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var six = await dns.QueryAsync(server.Host, DnsRecordType.Aaaa, cancellationToken).ConfigureAwait(false);
        var four = await dns.QueryAsync(server.Host, DnsRecordType.A, cancellationToken).ConfigureAwait(false);
        var last = default(SocketException);
        foreach (var record in four.Records.Concat(six.Records).OfType<AddressRecord>().Take(8))
        {
            var socket = new Socket(record.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(record.Address, server.Port, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception error)
            {
                socket.Dispose();
                last = error as SocketException ?? throw new IOException(error.Message, error);
            }
        }

        throw new IOException($"{server.Host} can't be reached.", last);
    }
}
