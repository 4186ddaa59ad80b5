using System.Diagnostics.CodeAnalysis;
using System.Net;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Net;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MailCore.Hosting;

/// <summary>
/// Puts a server together: a store, who may log in, a certificate, and endpoints by role. Nothing is bound or opened before the
/// start.
/// </summary>
public sealed class MailServerBuilder
{
    private readonly List<MailEndpointBuilder> _endpoints = [];
    private readonly List<Func<TlsPolicy, TlsPolicy>> _tls = [];
    private readonly List<(EmailAddress Address, string? Password)> _accounts = [];

    internal MailServerBuilder(IServiceCollection services) => Services = services;

    /// <summary>Where everything is registered; add or replace what the methods here do not cover.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Names and limits that all endpoints share.</summary>
    public MailServerOptions Options { get; } = new();

    /// <inheritdoc cref="MailServerOptions.HostName"/>
    public string HostName
    {
        get => Options.HostName;
        set => Options.HostName = value;
    }

    /// <inheritdoc cref="MailServerOptions.Domains"/>
    public IList<string> Domains => Options.Domains;

    /// <summary>Where endpoints listen that name no address of their own: every address, IPv4 and IPv6, by default.</summary>
    public IPAddress BindAddress { get; set; } = IPAddress.IPv6Any;

    /// <summary>Which SASL mechanisms are offered, and how failed logins are slowed down and banned.</summary>
    public LoginOptions Logins { get; } = new();

    /// <summary>How addresses are understood: subaddresses, the postmaster.</summary>
    public DirectoryRouterOptions Routing { get; } = new();

    /// <summary>How the server speaks with others: smart hosts and their logins, EHLO name, own addresses, time-outs.</summary>
    public RelayClientOptions RelayClient { get; } = new();

    /// <summary>How mail is put into mailboxes: what a full one is answered with.</summary>
    public LocalDeliveryOptions LocalDelivery { get; } = new();

    /// <summary>
    /// The account (its id is usually its first address in lower case) of mailboxes that are nobody's in particular: what its access control lists open stands below "Shared" for all
    /// users of IMAP (<see cref="Imap.ImapOptions.SharedAccount"/>). Who logs in to it looks after it. Null for none.
    /// </summary>
    public AccountId? SharedAccount { get; set; }

    /// <summary>What TLS is asked of other servers that mail is passed on to.</summary>
    public OutboundTlsOptions OutboundTls { get; } = new();

    /// <summary>Endpoints come by <see cref="MailServer.AddCarried"/>: having none at the start is no mistake.</summary>
    public bool HasCarriedEndpoints { get; set; }

    internal List<Func<IServiceProvider, IMailAuthenticator>> MoreAuthenticators { get; } = [];

    internal List<Func<IServiceProvider, IMessageRouter, IMessageRouter>> MoreRouters { get; } = [];

    internal List<(Func<EmailAddress, bool> Matches, Func<IServiceProvider, IMessageDelivery> Delivery)> Handlers { get; } = [];

    /// <summary>
    /// The TLS rules that endpoints get by their role: <see cref="MailServerPreset.Rfc8314"/> by default. Holds for endpoints added from
    /// then on; <see cref="MailServerBuilderRoles.UsePreset"/> also adds the preset's own.
    /// </summary>
    public MailServerPreset Preset
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (_endpoints.Count > 0)
            {
                Problems.Add($"The preset {value.Name} comes after endpoints that were added under {field.Name}. Choose the preset first.");
            }

            field = value;
        }
    } = MailServerPreset.Rfc8314;

    internal TrustedNetworks TrustedNetworks { get; private set; } = TrustedNetworks.None;

    internal IReadOnlyList<MailEndpointBuilder> Endpoints => _endpoints;

    internal IReadOnlyList<(EmailAddress Address, string? Password)> Accounts => _accounts;

    internal ConfiguredAddresses Addresses { get; } = new();

    internal MasterUserOptions MasterUsers { get; } = new();

    internal List<string> Problems { get; } = [];

    internal RelayBuilder? Relay { get; set; }

    /// <summary>What the configuration says of it.</summary>
    internal RelaySettings? RelaySettings { get; set; }

    /// <summary>Keys and values of the settings that were applied.</summary>
    internal IReadOnlyDictionary<string, string?> AppliedKeys { get; set; } = System.Collections.Frozen.FrozenDictionary<string, string?>.Empty;

    /// <summary>Null where every endpoint binds by itself.</summary>
    internal Func<IReadOnlyList<InheritedSocket>>? InheritSockets { get; set; }

    internal Func<IServiceProvider, IMailDirectory> CreateDirectory { get; private set; } = static services =>
    {
        var authenticator = services.GetRequiredService<InMemoryAuthenticator>();
        return new InMemoryMailDirectory((account, address, password) =>
        {
            if (password is null)
            {
                authenticator.Remove(address.ToString());
            }
            else
            {
                authenticator.SetPassword(address.ToString(), account, password);
            }
        });
    };

    /// <summary>Keeps mail in memory: it is gone when the process ends, and the log says so once.</summary>
    public MailServerBuilder UseInMemoryStore()
    {
        Services.AddSingleton<InMemoryStoreNotice>();
        return UseStore(static services => new InMemoryMailStore(services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Keeps mail in a store of the host's own.</summary>
    public MailServerBuilder UseStore(Func<IServiceProvider, IMailStore> store)
    {
        Services.Replace(ServiceDescriptor.Singleton(store));
        return this;
    }

    /// <summary>
    /// Looks up accounts in a directory of the host's own; domains and aliases configured here are laid over it. The default keeps
    /// accounts in memory.
    /// </summary>
    public MailServerBuilder UseDirectory(Func<IServiceProvider, IMailDirectory> directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        CreateDirectory = directory;
        return this;
    }

    /// <summary>Checks logins by an authenticator of the host's own.</summary>
    public MailServerBuilder UseAuthenticator(Func<IServiceProvider, IMailAuthenticator> authenticator)
    {
        Services.Replace(ServiceDescriptor.Singleton(authenticator));
        return this;
    }

    /// <inheritdoc cref="UseAuthenticator(Func{IServiceProvider, IMailAuthenticator})"/>
    public MailServerBuilder UseAuthenticator<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TAuthenticator>()
        where TAuthenticator : class, IMailAuthenticator
    {
        Services.Replace(ServiceDescriptor.Singleton<IMailAuthenticator, TAuthenticator>());
        return this;
    }

    /// <summary>Checks logins by a function of the host's own.</summary>
    public MailServerBuilder UseAuthenticator(PasswordCheck check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return UseAuthenticator(_ => new DelegateAuthenticator(check));
    }

    /// <summary>Asks one more authenticator about the users that those before it do not know; see <see cref="CompositeAuthenticator"/>.</summary>
    public MailServerBuilder AddAuthenticator(Func<IServiceProvider, IMailAuthenticator> authenticator)
    {
        ArgumentNullException.ThrowIfNull(authenticator);
        MoreAuthenticators.Add(authenticator);
        return this;
    }

    /// <summary>
    /// Lets some log in as any user with a password of their own, for migrations: as "alice@example.org*master", or by SASL's authorization
    /// identity. Nobody may by default, and those who may can't submit mail so unless that is said as well.
    /// </summary>
    public MailServerBuilder UseMasterUsers(Action<MasterUserOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        configure(MasterUsers);
        return this;
    }

    /// <summary>
    /// Puts a router before those there are, which it is given: it may route some recipients itself and leave the others to them. Of
    /// several the one that was added first is asked first.
    /// </summary>
    public MailServerBuilder AddRouter(Func<IServiceProvider, IMessageRouter, IMessageRouter> router)
    {
        ArgumentNullException.ThrowIfNull(router);
        MoreRouters.Add(router);
        return this;
    }

    /// <summary>
    /// Hands mail for some addresses to a delivery of the host's own, before accounts and aliases, and also where an alias or a forward
    /// leads to them. Anybody may write to them. Of several that match the one that was added first gets the mail. A server with one
    /// needs a store only for accounts.
    /// </summary>
    public MailServerBuilder AddHandler(Func<EmailAddress, bool> matches, Func<IServiceProvider, IMessageDelivery> delivery)
    {
        ArgumentNullException.ThrowIfNull(matches);
        ArgumentNullException.ThrowIfNull(delivery);
        Handlers.Add((matches, delivery));
        return this;
    }

    /// <summary>
    /// Lets clients of these networks, such as 172.16.0.0/12, send anywhere without a login, by the endpoints for transfer
    /// (<see cref="MailServerBuilderRoles.ListenSmtp"/>). Nobody may by default. Behind a NAT that hides where clients come from, as
    /// Docker's userland proxy does, all the world may look like a trusted network.
    /// </summary>
    public MailServerBuilder AllowSubmissionFrom(params IReadOnlyList<string> networks)
    {
        try
        {
            TrustedNetworks = TrustedNetworks.Parse(networks);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            Problems.Add($"AllowSubmissionFrom: {error.Message}");
        }

        return this;
    }

    /// <summary>Changes the TLS policy of every endpoint, when the server is made: versions, suites, time-outs, client certificates.</summary>
    public MailServerBuilder ConfigureTls(Func<TlsPolicy, TlsPolicy> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _tls.Add(configure);
        return this;
    }

    /// <summary>
    /// Makes an account at the start, unless it exists. Its address is its login name; without a password nobody can log in. Its
    /// domain becomes one of ours.
    /// </summary>
    public MailServerBuilder AddAccount(string address, string? password = null)
    {
        if (TryAddress(address, "account", out var parsed))
        {
            AddDomain(parsed.Domain);
            _accounts.Add((parsed, password));
        }

        return this;
    }

    /// <summary>
    /// Makes addresses that stand for others: one, all of a domain that nobody has ("@example.org"), or those that an expression matches
    /// ("/^sales-.*@example\.org$/"); see <see cref="MailAlias"/>. The domain that is named becomes one of ours. The alias of an account's
    /// own address passes its mail on, and keeps a copy where the account is among the targets.
    /// </summary>
    public MailServerBuilder AddAlias(string alias, params IReadOnlyList<string> targets)
    {
        if (!MailAlias.TryParse(alias, targets, out var parsed, out var problem))
        {
            Problems.Add($"Alias: {problem}");
            return this;
        }

        if ((parsed.Domain ?? parsed.Address?.Domain) is { } domain)
        {
            AddDomain(domain);
        }

        Addresses.Aliases.Add(parsed);
        return this;
    }

    /// <summary>
    /// Takes mail for a domain to pass it on: to the next hop named as Postfix writes it, <c>[host]:25</c> or <c>lmtp:[host]:24</c>, or
    /// without one by the domain's own mail exchangers. Without a relay queue only a domain with a next hop can be served: its mail is
    /// handed over while the sender waits.
    /// </summary>
    public MailServerBuilder AddRelayDomain(string domain, string? via = null)
    {
        NextHop? hop = null;
        if (!EmailAddress.IsDomain(domain))
        {
            Problems.Add($"Relay domain '{domain}' is not a mail domain.");
        }
        else if (via is not null && !NextHop.TryParse(via, out hop))
        {
            Problems.Add($"'{via}', where mail for {domain} goes, is not a next hop. Write [host]:25, lmtp:[host]:24 or a domain.");
        }
        else
        {
            Addresses.Domains.Add(new MailDomain(domain) { IsRelayed = true, Via = hop });
        }

        return this;
    }

    /// <summary>
    /// Rewrites the senders of mail that is forwarded to other servers, and takes what comes back for them (SRS). Domains of ours are
    /// excluded without being named.
    /// </summary>
    public MailServerBuilder UseSenderRewriting(SrsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            options.Validate();
        }
        catch (ArgumentException error)
        {
            Problems.Add($"SRS: {error.Message}");
            return this;
        }

        Services.Replace(ServiceDescriptor.Singleton(provider => new SenderRewriting(options.With(Domains), provider.GetRequiredService<TimeProvider>())));
        return this;
    }

    /// <summary>Lets an account send as an address that is not its own, or as all of a domain ("@example.org").</summary>
    public MailServerBuilder AllowSender(string account, string sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        if (TryAddress(account, "account", out var parsed))
        {
            if (EmailAddress.TryParse(sender, out _) || (sender.StartsWith('@') && EmailAddress.IsDomain(sender.AsSpan(1))))
            {
                Addresses.Senders.Add((parsed, sender));
            }
            else
            {
                Problems.Add($"'{sender}', which {account} may send as, is neither an address nor a domain as @example.org.");
            }
        }

        return this;
    }

    /// <summary>
    /// Keeps envelopes and dialogs of the last sessions of SMTP, submission and LMTP in memory: for development, and for inbox pages. They hold
    /// no passwords, but who writes to whom. Off by default; <see cref="SessionRecords"/> has them.
    /// </summary>
    public MailServerBuilder RecordSessions(Action<SessionRecordOptions>? configure = null)
    {
        var options = new SessionRecordOptions();
        configure?.Invoke(options);
        Services.Replace(ServiceDescriptor.Singleton(new SessionRecords(options)));
        return this;
    }

    /// <summary>Listens on a TCP port: the full form, for protocols of the host's own and for every detail.</summary>
    public MailEndpointBuilder Listen(int port, Action<MailEndpointBuilder>? configure = null) => Add(new MailEndpointBuilder("mail", port), configure);

    /// <summary>Listens on a Unix socket; one left behind by a dead process is replaced.</summary>
    public MailEndpointBuilder Listen(string unixSocketPath, Action<MailEndpointBuilder>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(unixSocketPath);
        return Add(new MailEndpointBuilder("mail", 0) { UnixSocketPath = unixSocketPath }, configure);
    }

    /// <summary>What is configured of addresses, with the domains that are ours.</summary>
    internal ConfiguredAddresses AllAddresses()
    {
        var configured = new ConfiguredAddresses();
        // Ours comes last: it is stored even where it is named as one to pass on as well.
        configured.Domains.AddRange([.. Addresses.Domains, .. Domains.Select(static domain => new MailDomain(domain))]);
        configured.Aliases.AddRange(Addresses.Aliases);
        configured.Senders.AddRange(Addresses.Senders);
        return configured;
    }

    internal TlsPolicy TlsOf(MailEndpointBuilder endpoint) => _tls.Aggregate(endpoint.Tls, static (policy, configure) => configure(policy));

    internal TEndpoint Add<TEndpoint>(TEndpoint endpoint, Action<TEndpoint>? configure)
        where TEndpoint : MailEndpointBuilder
    {
        configure?.Invoke(endpoint);
        _endpoints.Add(endpoint);
        return endpoint;
    }

    private void AddDomain(string domain)
    {
        if (!Domains.Contains(domain, StringComparer.OrdinalIgnoreCase))
        {
            Domains.Add(domain);
        }
    }

    private bool TryAddress(string text, string what, [NotNullWhen(true)] out EmailAddress? address)
    {
        if (EmailAddress.TryParse(text, out address))
        {
            return true;
        }

        Problems.Add($"The {what} '{text}' is not an e-mail address; write it as name@example.org.");
        return false;
    }
}
