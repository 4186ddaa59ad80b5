using System.Net;

namespace MailCore.Authentication;

/// <summary>Which mechanisms are offered, and how failed logins are slowed down and banned. Read when the server starts.</summary>
public sealed class LoginOptions
{
    /// <summary>
    /// The mechanisms that may be offered, in the order they are announced: all but CRAM-MD5 and ANONYMOUS by default. Of these, a
    /// connection is offered those that its TLS state and the authenticator can serve.
    /// </summary>
    public IList<string> Mechanisms { get; } =
    [
        SaslMechanisms.ScramSha256Plus, SaslMechanisms.ScramSha256, SaslMechanisms.ScramSha1Plus, SaslMechanisms.ScramSha1,
        SaslMechanisms.OAuthBearer, SaslMechanisms.XOAuth2, SaslMechanisms.External, SaslMechanisms.Plain, SaslMechanisms.Login,
    ];

    /// <summary>Who a client is that logs in by ANONYMOUS (RFC 4505), if that is among <see cref="Mechanisms"/>; null for nobody.</summary>
    public MailIdentity? Anonymous { get; set; }

    /// <summary>Before the answer to a client's first failed login; 2 s by default, doubled with each further one.</summary>
    public TimeSpan FailureDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Never longer than this; 15 s by default.</summary>
    public TimeSpan MaxFailureDelay { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The delay starts anew after this long without a failure; 10 min by default.</summary>
    public TimeSpan Memory { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Failed logins within a minute after which a client's network (IPv4 address, IPv6 /56) is banned; 10 by default.</summary>
    public int MaxFailuresPerMinute { get; set; } = 10;

    /// <summary>Failed logins within a day after which a client's network is banned; 50 by default.</summary>
    public int MaxFailuresPerDay { get; set; } = 50;

    /// <summary>How long a network is banned; 1 h by default. Zero bans none.</summary>
    public TimeSpan BanDuration { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Failed logins of one user within a day, from anywhere, after which the user is banned; 100 by default.</summary>
    public int MaxFailuresPerUser { get; set; } = 100;

    /// <summary>How long a user is banned; 15 min by default, since others can bring it about. Zero bans none.</summary>
    public TimeSpan UserBanDuration { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Networks that are never banned and where one user's failures delay no other's, such as a webmail server's; loopback by
    /// default.
    /// </summary>
    public IList<IPNetwork> AllowList { get; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];
}
