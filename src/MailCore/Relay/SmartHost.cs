using System.Net;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>A server that takes our mail to the world, or to a part of it.</summary>
public sealed record SmartHost
{
    /// <summary>A name, an IP address, or a domain (<see cref="UsesMx"/>).</summary>
    public required string Host { get; init; }

    /// <summary>587 by default. On 465 TLS stands before everything.</summary>
    public int Port { get; init; } = 587;

    /// <summary>The MX records of <see cref="Host"/> lead on, as in Postfix's form without brackets.</summary>
    public bool UsesMx { get; init; }

    /// <summary>
    /// What the connection must be at least. Null: <see cref="OutboundTlsLevel.Verify"/> where there is a login to be protected or TLS
    /// stands before everything, and what the relay asks of any server otherwise.
    /// </summary>
    public OutboundTlsLevel? Tls { get; init; }

    /// <summary>TLS before everything; null for port 465 alone.</summary>
    public bool? UsesImplicitTls { get; init; }

    /// <summary>Who we are there; null for nobody. A login of the sender's (<see cref="SmartHostOptions.LoginsBySender"/>) goes before it.</summary>
    public SmartHostLogin? Login { get; init; }

    /// <summary>Our own address of connections to it; null for the general rule.</summary>
    public IPAddress? BindAddress { get; init; }

    internal NextHop Hop => UsesMx ? NextHop.Domain(Host, Port) : NextHop.Smtp(Host, Port);

    internal bool IsImplicit => UsesImplicitTls ?? Port == 465;
}

/// <summary>A name and a secret for AUTH.</summary>
public sealed record SmartHostLogin
{
    /// <summary>The login name.</summary>
    public required string User { get; init; }

    /// <summary>For SCRAM-SHA-256, SCRAM-SHA-1, PLAIN and LOGIN, the first of these that the server offers; null where there is only a token.</summary>
    public string? Password { get; init; }

    /// <summary>Makes an access token for XOAUTH2, which then is the only mechanism; asked for each connection.</summary>
    public Func<CancellationToken, ValueTask<string>>? AccessToken { get; init; }

    /// <summary>The secret may be sent over a connection without TLS, where anybody on the way can read it.</summary>
    public bool AllowCleartext { get; init; }

    /// <summary>Without the secret: it ends up in logs.</summary>
    public override string ToString() => User;
}

/// <summary>Which mail goes by a smart host, when the router names no next hop. Recipients come before senders, senders before the default.</summary>
public sealed class SmartHostOptions
{
    /// <summary>For everything else; null for the mail exchangers of the recipient's domain.</summary>
    public SmartHost? Default { get; set; }

    /// <summary>By recipient domain ("example.org"), or by what it ends in (".example.org"). A null value means its own mail exchangers.</summary>
    public IDictionary<string, SmartHost?> ByRecipient { get; } = new Dictionary<string, SmartHost?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>By sender ("alice@example.org") or sender domain ("example.org"). A null value means the recipient's own mail exchangers.</summary>
    public IDictionary<string, SmartHost?> BySender { get; } = new Dictionary<string, SmartHost?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Logins of their own for senders or sender domains, at whichever smart host their mail goes by.</summary>
    public IDictionary<string, SmartHostLogin> LoginsBySender { get; } = new Dictionary<string, SmartHostLogin>(StringComparer.OrdinalIgnoreCase);

    internal NextHop Find(ReversePath sender, EmailAddress recipient)
    {
        if (!TryFind(ByRecipient, recipient.Domain, out var host))
        {
            host = TryFindBySender(sender, out var own) ? own : Default;
        }

        return host?.Hop ?? NextHop.Domain(recipient.Domain);
    }

    internal SmartHost? FindBySender(ReversePath sender) => TryFindBySender(sender, out var own) ? own : null;

    internal SmartHostLogin? FindLogin(SmartHost? host, ReversePath sender) => host is null ? null
        : sender.Address is { } from && (LoginsBySender.TryGetValue(from.ToString(), out var login) || LoginsBySender.TryGetValue(from.Domain, out login)) ? login
        : host.Login;

    /// <summary>Who we are at a host, wherever it is named.</summary>
    internal void SetLogin(NextHop hop, SmartHostLogin login)
    {
        Default = Default?.Hop == hop ? Default with { Login = login } : Default;
        foreach (var map in new[] { ByRecipient, BySender })
        {
            foreach (var (key, host) in map.Where(one => one.Value?.Hop == hop).ToList())
            {
                map[key] = host! with { Login = login };
            }
        }
    }

    internal IEnumerable<SmartHost> All() =>
        ByRecipient.Values.Concat(BySender.Values).Append(Default).OfType<SmartHost>();

    /// <summary>Logins that nothing tells apart: only the sender is known when a connection is made.</summary>
    internal IEnumerable<string> Ambiguous() => ByRecipient.Values.Append(Default).OfType<SmartHost>()
        .GroupBy(static host => host.Hop)
        .Where(static group => group.Select(static host => host.Login).Distinct().Count() > 1)
        .Select(static group => group.Key.ToString());

    private bool TryFindBySender(ReversePath sender, out SmartHost? host)
    {
        host = null;
        return sender.Address is { } from && (BySender.TryGetValue(from.ToString(), out host) || TryFind(BySender, from.Domain, out host));
    }

    private static bool TryFind(IDictionary<string, SmartHost?> map, string domain, out SmartHost? host)
    {
        if (map.TryGetValue(domain, out host))
        {
            return true;
        }

        for (var dot = domain.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = domain.IndexOf('.', dot + 1))
        {
            if (map.TryGetValue(domain[dot..], out host))
            {
                return true;
            }
        }

        return false;
    }
}
