using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Smtp.Commands;
using MailCore.Tls;

namespace MailCore.Smtp;

/// <summary>What a session's EHLO depends on.</summary>
/// <param name="IsSecured">TLS is on.</param>
/// <param name="Granted">To this client alone, such as XCLIENT.</param>
/// <param name="Login">How the client may log in now.</param>
internal readonly record struct SmtpSessionState(bool IsSecured, SmtpExtensions Granted, SaslOffer Login);

/// <summary>What EHLO and LHLO announce in each state of a session, encoded once for each.</summary>
internal sealed class SmtpCapabilities
{
    private const SmtpExtensions Always = SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime | SmtpExtensions.Chunking
        | SmtpExtensions.BinaryMime | SmtpExtensions.EnhancedStatusCodes | SmtpExtensions.Limits | SmtpExtensions.SmtpUtf8;

    private static readonly Dictionary<string, SmtpExtensions> Withholdable = new(StringComparer.OrdinalIgnoreCase)
    {
        ["PIPELINING"] = SmtpExtensions.Pipelining,
        ["SIZE"] = SmtpExtensions.Size,
        ["8BITMIME"] = SmtpExtensions.EightBitMime,
        ["CHUNKING"] = SmtpExtensions.Chunking | SmtpExtensions.BinaryMime,
        ["BINARYMIME"] = SmtpExtensions.BinaryMime,
        ["ENHANCEDSTATUSCODES"] = SmtpExtensions.EnhancedStatusCodes,
        ["DSN"] = SmtpExtensions.Dsn,
        ["REQUIRETLS"] = SmtpExtensions.RequireTls,
        ["LIMITS"] = SmtpExtensions.Limits,
        ["FUTURERELEASE"] = SmtpExtensions.FutureRelease,
        ["DELIVERBY"] = SmtpExtensions.DeliverBy,
        ["MT-PRIORITY"] = SmtpExtensions.Priority,
        ["SMTPUTF8"] = SmtpExtensions.SmtpUtf8,
    };

    private readonly ConcurrentDictionary<(SmtpExtensions Offered, SaslOffer Login), byte[]> _replies = new();
    private readonly SmtpOptions _options;
    private readonly TlsPolicy _policy;
    private readonly SmtpExtensions _constant;

    public SmtpCapabilities(SmtpOptions options, TlsPolicy policy, DeliveryAbilities honours)
    {
        (_options, _policy) = (options, policy);
        _constant = Constant(options, honours);
    }

    /// <summary>Whether a keyword is the engine's own.</summary>
    public static bool IsKnown(string keyword) =>
        Withholdable.ContainsKey(keyword) || keyword.ToUpperInvariant() is "STARTTLS" or "AUTH" or "EXPN" or "XCLIENT" or "XFORWARD";

    /// <summary>What works in this state; nothing else is announced or accepted.</summary>
    public SmtpExtensions Offered(bool isSecured, SmtpExtensions granted)
    {
        var offered = _constant | granted;
        // RFC 8689 3: meaningless before TLS.
        offered = isSecured ? offered : offered & ~SmtpExtensions.RequireTls;
        return _policy.OffersStartTls(isSecured) ? offered | SmtpExtensions.StartTls : offered;
    }

    /// <summary>The reply to EHLO or LHLO behind its first line.</summary>
    public ReadOnlySpan<byte> Reply(in SmtpSessionState state)
    {
        var key = (Offered(state.IsSecured, state.Granted), state.Login);
        return _replies.TryGetValue(key, out var reply) ? reply : _replies.GetOrAdd(key, Encode(Keywords(in state)));
    }

    /// <summary>RFC 4865 3 wants the latest date that may be asked for, which no reply made before can know.</summary>
    public string? FutureReleaseLine(in SmtpSessionState state, DateTimeOffset now) => (Offered(state.IsSecured, state.Granted) & SmtpExtensions.FutureRelease) == 0
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"250-FUTURERELEASE {(long)_options.MaxFutureRelease.TotalSeconds} {(now + _options.MaxFutureRelease).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\r\n");

    /// <summary>EHLO keywords with their parameters.</summary>
    public List<string> Keywords(in SmtpSessionState state)
    {
        var offered = Offered(state.IsSecured, state.Granted);
        var keywords = new List<string>();
        Add(SmtpExtensions.Pipelining, "PIPELINING"); // RFC 2920
        Add(SmtpExtensions.Size, string.Create(CultureInfo.InvariantCulture, $"SIZE {_options.MaxMessageSize}")); // RFC 1870
        Add(SmtpExtensions.EightBitMime, "8BITMIME"); // RFC 6152
        Add(SmtpExtensions.Chunking, "CHUNKING"); // RFC 3030
        Add(SmtpExtensions.BinaryMime, "BINARYMIME"); // RFC 3030
        Add(SmtpExtensions.EnhancedStatusCodes, "ENHANCEDSTATUSCODES"); // RFC 2034
        Add(SmtpExtensions.Dsn, "DSN"); // RFC 3461
        Add(SmtpExtensions.DeliverBy, "DELIVERBY"); // RFC 2852
        Add(SmtpExtensions.Priority, "MT-PRIORITY"); // RFC 6710
        Add(SmtpExtensions.RequireTls, "REQUIRETLS"); // RFC 8689
        Add(SmtpExtensions.Limits, Limits()); // RFC 9422
        Add(SmtpExtensions.Expn, "EXPN"); // RFC 5321 3.5.2
        Add(SmtpExtensions.XClient, "XCLIENT " + ClientAttributes.ForXClient);
        Add(SmtpExtensions.XForward, "XFORWARD " + ClientAttributes.ForXForward);
        foreach (var keyword in _options.Keywords)
        {
            keywords.Add(keyword.ToString());
        }

        Add(SmtpExtensions.SmtpUtf8, "SMTPUTF8"); // RFC 6531
        Add(SmtpExtensions.StartTls, "STARTTLS"); // RFC 3207
        if (state.Login.Names.Count > 0)
        {
            keywords.Add("AUTH " + string.Join(' ', state.Login.Names)); // RFC 4954
        }

        return keywords;

        void Add(SmtpExtensions extension, string line)
        {
            if ((offered & extension) != 0)
            {
                keywords.Add(line);
            }
        }
    }

    private static SmtpExtensions Constant(SmtpOptions options, DeliveryAbilities honours)
    {
        var offered = Always;
        Add(DeliveryAbilities.StatusNotifications, SmtpExtensions.Dsn);
        Add(DeliveryAbilities.RequireTls, SmtpExtensions.RequireTls);
        if (options.Dialect.MayQueue)
        {
            Add(DeliveryAbilities.FutureRelease, SmtpExtensions.FutureRelease);
            Add(DeliveryAbilities.DeliverBy, SmtpExtensions.DeliverBy);
            Add(DeliveryAbilities.Priority, SmtpExtensions.Priority);
        }

        foreach (var withheld in options.WithheldKeywords)
        {
            offered &= Withholdable.TryGetValue(withheld, out var extension)
                ? ~extension
                : throw new ArgumentException($"WithheldKeywords: '{withheld}' is none of {string.Join(", ", Withholdable.Keys)}.", nameof(options));
        }

        return offered;

        void Add(DeliveryAbilities ability, SmtpExtensions extension) => offered |= (honours & ability) != 0 ? extension : SmtpExtensions.None;
    }

    private string Limits() => string.Create(
        CultureInfo.InvariantCulture, $"LIMITS RCPTMAX={_options.MaxRecipients}{(_options.MaxMessages is { } messages ? $" MAILMAX={messages}" : "")}");

    private static byte[] Encode(List<string> keywords)
    {
        var reply = new StringBuilder();
        for (var i = 0; i < keywords.Count; i++)
        {
            reply.Append(i == keywords.Count - 1 ? "250 " : "250-").Append(keywords[i]).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(reply.ToString());
    }
}
