using System.Globalization;
using System.Text;
using MailCore.Authentication;
using MailCore.Tls;

namespace MailCore.Smtp;

/// <summary>What EHLO and LHLO announce in each state of a session, encoded once.</summary>
internal sealed class SmtpCapabilities
{
    private readonly byte[][] _replies;

    public SmtpCapabilities(SmtpOptions options, TlsPolicy policy)
    {
        _replies = new byte[4][];
        for (var state = 0; state < _replies.Length; state++)
        {
            var lines = Keywords(options, policy, (state & 1) != 0, (state & 2) != 0).Prepend(options.HostName).ToArray();
            var reply = string.Join("\r\n", lines.Select((line, i) => (i == lines.Length - 1 ? "250 " : "250-") + line));
            _replies[state] = Encoding.ASCII.GetBytes(reply + "\r\n");
        }
    }

    /// <summary>The whole reply to EHLO or LHLO.</summary>
    public ReadOnlySpan<byte> Reply(bool isSecured, bool isAuthenticated) => _replies[(isSecured ? 1 : 0) + (isAuthenticated ? 2 : 0)];

    /// <summary>EHLO keywords with their parameters.</summary>
    public static IEnumerable<string> Keywords(SmtpOptions options, TlsPolicy policy, bool isSecured, bool isAuthenticated)
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

        if (options.OfferAuthentication && policy.AllowsAuthentication(isSecured) && !isAuthenticated)
        {
            yield return "AUTH " + string.Join(' ', SaslMechanisms.Names); // RFC 4954
        }
    }
}
