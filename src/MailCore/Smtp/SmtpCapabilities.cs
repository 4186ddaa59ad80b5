using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using MailCore.Authentication;
using MailCore.Tls;

namespace MailCore.Smtp;

/// <summary>What EHLO and LHLO announce in each state of a session, encoded once.</summary>
internal sealed class SmtpCapabilities(SmtpOptions options, TlsPolicy policy)
{
    // There are only so many offers.
    private readonly ConcurrentDictionary<(bool IsSecured, SaslOffer Offer), byte[]> _replies = [];

    /// <summary>The whole reply to EHLO or LHLO.</summary>
    public ReadOnlySpan<byte> Reply(bool isSecured, SaslOffer offer) =>
        _replies.TryGetValue((isSecured, offer), out var reply) ? reply : _replies[(isSecured, offer)] = Encode(isSecured, offer);

    /// <summary>EHLO keywords with their parameters.</summary>
    public static IEnumerable<string> Keywords(SmtpOptions options, TlsPolicy policy, bool isSecured, SaslOffer offer)
    {
        yield return "PIPELINING"; // RFC 2920
        yield return "SIZE " + options.MaxMessageSize.ToString(CultureInfo.InvariantCulture); // RFC 1870
        yield return "8BITMIME"; // RFC 6152
        yield return "CHUNKING"; // RFC 3030
        yield return "BINARYMIME"; // RFC 3030
        yield return "ENHANCEDSTATUSCODES"; // RFC 2034
        yield return "SMTPUTF8"; // RFC 6531
        if (policy.OffersStartTls(isSecured))
        {
            yield return "STARTTLS"; // RFC 3207
        }

        if (offer.Names.Count > 0)
        {
            yield return "AUTH " + string.Join(' ', offer.Names); // RFC 4954
        }
    }

    private byte[] Encode(bool isSecured, SaslOffer offer)
    {
        var lines = Keywords(options, policy, isSecured, offer).Prepend(options.HostName).ToArray();
        return Encoding.ASCII.GetBytes(string.Join("\r\n", lines.Select((line, i) => (i == lines.Length - 1 ? "250 " : "250-") + line)) + "\r\n");
    }
}
