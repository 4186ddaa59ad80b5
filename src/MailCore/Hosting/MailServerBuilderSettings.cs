using System.Net;
using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Hosting;

/// <summary>Puts a server together from <see cref="MailServerSettings"/>.</summary>
public static class MailServerBuilderSettings
{
    /// <summary>
    /// Does what the settings say and leaves alone what they do not mention; <see cref="MailServerSettings.DataFolder"/> is the
    /// host's. What is wrong with a value is told at the start, by its configuration key.
    /// </summary>
    public static MailServerBuilder Apply(this MailServerBuilder mail, MailServerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(settings);
        mail.AppliedKeys = settings.Keys;
        mail.HostName = settings.HostName ?? mail.HostName;
        mail.Options.MaxConnections = settings.MaxConnections ?? mail.Options.MaxConnections;
        mail.Options.MaxConnectionsPerAddress = settings.MaxConnectionsPerAddress ?? mail.Options.MaxConnectionsPerAddress;
        foreach (var domain in settings.Domains.Except(mail.Domains, StringComparer.OrdinalIgnoreCase))
        {
            mail.Domains.Add(domain);
        }

        ApplyCertificate(mail, settings.Certificate);
        TlsSettingsReader.Apply(mail, settings.Tls);
        for (var i = 0; i < settings.Accounts.Count; i++)
        {
            ApplyAccount(mail, settings.Accounts[i], $"Accounts:{i}");
        }

        ApplyMasterUsers(mail, settings);
        if (EmailAddress.TryParse(settings.SharedAccount, out var shared))
        {
            mail.SharedAccount = new AccountId($"{shared.LocalPart}@{shared.Domain}".ToLowerInvariant());
        }
        else if (!string.IsNullOrEmpty(settings.SharedAccount))
        {
            mail.Problems.Add($"SharedAccount: '{settings.SharedAccount}' is not an address.");
        }

        for (var i = 0; i < settings.Aliases.Count; i++)
        {
            ApplyAlias(mail, settings.Aliases[i], $"Aliases:{i}");
        }

        MailServerBuilderRelay.Apply(mail, settings.Relay);
        for (var i = 0; i < settings.RelayDomains.Count; i++)
        {
            ApplyRelayDomain(mail, settings.RelayDomains[i], $"RelayDomains:{i}");
        }

        ApplyRouting(mail, settings.Routing);
        ApplyPreset(mail, settings);
        if (settings.AllowSubmissionFrom.Count > 0)
        {
            mail.AllowSubmissionFrom(settings.AllowSubmissionFrom);
        }

        for (var i = 0; i < settings.Listeners.Count; i++)
        {
            ApplyListener(mail, settings, i);
        }

        return mail;
    }

    private static void ApplyCertificate(MailServerBuilder mail, CertificateSettings? certificate)
    {
        if (certificate is null)
        {
            return;
        }

        var (file, key, folder, password) = (certificate.File, certificate.KeyFile, certificate.Folder, certificate.Password);
        if (string.IsNullOrEmpty(file) == string.IsNullOrEmpty(folder))
        {
            mail.Problems.Add("Set one of Certificate:File, a PEM or PKCS#12 file, and Certificate:Folder, that of an ACME client.");
        }
        else if (folder is { Length: > 0 })
        {
            mail.UseCertificateFolder(folder);
        }
        else if (Path.GetExtension(file!).ToUpperInvariant() is ".P12" or ".PFX")
        {
            mail.UsePkcs12Certificate(file!, password);
        }
        else
        {
            mail.UseCertificate(file!, key);
        }
    }

    private static void ApplyAccount(MailServerBuilder mail, AccountSettings account, string key)
    {
        if (account.Address is not { Length: > 0 } address)
        {
            mail.Problems.Add($"{key} has no Address. Set it to the account's e-mail address.");
        }
        else
        {
            mail.AddAccount(address, account.Password);
            foreach (var sender in account.SendAs)
            {
                mail.AllowSender(address, sender);
            }
        }
    }

    private static void ApplyMasterUsers(MailServerBuilder mail, MailServerSettings settings)
    {
        switch (settings.MasterUserSeparator)
        {
            case null:
                break;
            case { Length: <= 1 } text:
                mail.MasterUsers.Separator = text.Length == 0 ? null : text[0];
                break;
            default:
                mail.Problems.Add($"MasterUserSeparator '{settings.MasterUserSeparator}' is more than one character.");
                break;
        }

        foreach (var user in settings.MasterUsers)
        {
            mail.MasterUsers.Users.Add(new MasterUser { Name = user.Name ?? "", Password = user.Password, PasswordHash = user.PasswordHash, MaySubmit = user.MaySubmit });
        }
    }

    private static void ApplyRelayDomain(MailServerBuilder mail, RelayDomainSettings domain, string key)
    {
        if (domain.Name is not { Length: > 0 } name)
        {
            mail.Problems.Add($"{key} has no Name. Set it to the domain.");
        }
        else
        {
            mail.AddRelayDomain(name, domain.Via is { Length: > 0 } via ? via : null);
        }
    }

    private static void ApplyRouting(MailServerBuilder mail, RoutingSettings? routing)
    {
        if (routing is null)
        {
            return;
        }

        mail.Routing.SubaddressDelimiters = routing.SubaddressDelimiters ?? mail.Routing.SubaddressDelimiters;
        mail.Routing.SubaddressMailboxes |= routing.SubaddressMailboxes;
        mail.Routing.VerifiesRelayRecipients = routing.VerifiesRelayRecipients ?? mail.Routing.VerifiesRelayRecipients;
        mail.LocalDelivery.OverQuotaIsPermanent |= routing.OverQuotaIsPermanent;
        if (routing.Postmaster is { Length: > 0 } text)
        {
            if (EmailAddress.TryParse(text, out var postmaster))
            {
                mail.Routing.Postmaster = postmaster;
            }
            else
            {
                mail.Problems.Add($"Routing:Postmaster '{text}' is not an e-mail address; write it as name@example.org.");
            }
        }
    }

    private static void ApplyAlias(MailServerBuilder mail, AliasSettings alias, string key)
    {
        if (alias.Address is not { Length: > 0 } address || alias.Targets.Count == 0)
        {
            mail.Problems.Add($"{key} needs an Address and at least one of Targets.");
            return;
        }

        mail.AddAlias(address, alias.Targets);
    }

    private static void ApplyListener(MailServerBuilder mail, MailServerSettings settings, int index)
    {
        var (listener, key) = (settings.Listeners[index], $"Listeners:{index}");
        if (listener.Role is not { } role)
        {
            mail.Problems.Add($"{key} has no Role. Use one of {string.Join(", ", Enum.GetNames<ListenerRole>())}.");
            return;
        }

        var endpoint = MailServerBuilderRoles.Listen(mail, role, listener.Port ?? DefaultPort(role), added => Limit(mail, added, settings));
        if (listener.Path is { Length: > 0 } path)
        {
            endpoint.UnixSocketPath = path;
            if (listener.Port is not null || listener.Address is not null)
            {
                mail.Problems.Add($"{key} has a Path, and a Port or an Address. A listener is either a Unix socket or an IP address and port.");
            }
        }

        if (listener.Address is { Length: > 0 } text)
        {
            if (TryParse(text, out var address))
            {
                endpoint.Address = address;
            }
            else
            {
                mail.Problems.Add($"{key}:Address '{text}' is not an IP address of this machine. Use one, or 'localhost', or '*' for all.");
            }
        }

        endpoint.SocketName = listener.Socket is { Length: > 0 } socket ? socket : null;
        ApplyPeers(mail, endpoint, listener, key);
        endpoint.Tls = endpoint.Tls with { Mode = listener.Tls ?? endpoint.Tls.Mode, AllowCleartextAuthentication = listener.AllowCleartextAuthentication };
    }

    private static void ApplyPeers(MailServerBuilder mail, MailEndpointBuilder endpoint, ListenerSettings listener, string key)
    {
        AddNetworks(mail, endpoint.ProxyFrom, listener.ProxyFrom, $"{key}:{nameof(listener.ProxyFrom)}");
        if (endpoint is SmtpEndpointBuilder smtp)
        {
            AddNetworks(mail, smtp.Options.XClientFrom, listener.XClientFrom, $"{key}:{nameof(listener.XClientFrom)}");
            AddNetworks(mail, smtp.Options.XForwardFrom, listener.XForwardFrom, $"{key}:{nameof(listener.XForwardFrom)}");
        }
        else if (listener.XClientFrom.Count + listener.XForwardFrom.Count > 0)
        {
            mail.Problems.Add($"{key} has XClientFrom or XForwardFrom, and its role takes no mail. Remove them.");
        }
    }

    private static void AddNetworks(MailServerBuilder mail, IList<IPNetwork> networks, List<string> texts, string key)
    {
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address))
            {
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else
            {
                mail.Problems.Add($"{key}: '{text}' is no network. Write an address, such as 192.0.2.1, or a prefix, such as 10.0.0.0/8.");
            }
        }
    }

    private static void ApplyPreset(MailServerBuilder mail, MailServerSettings settings)
    {
        if (settings.Preset is not { Length: > 0 } name)
        {
            return;
        }

        if (MailServerPreset.All.FirstOrDefault(preset => preset.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } preset)
        {
            mail.Problems.Add($"Preset '{name}' is not known. Use one of {string.Join(", ", MailServerPreset.All.Select(static known => known.Name))}.");
        }
        else if (settings.Listeners.Count > 0)
        {
            mail.Preset = preset;
        }
        else
        {
            mail.UsePreset(preset, endpoint => Limit(mail, endpoint, settings));
        }
    }

    private static int DefaultPort(ListenerRole role) => role == ListenerRole.Lmtp ? 24 : MailServerPreset.Rfc8314.Endpoints.First(endpoint => endpoint.Role == role).Port;

    private static void Limit(MailServerBuilder mail, MailEndpointBuilder endpoint, MailServerSettings settings)
    {
        var maxMessageSize = settings.MaxMessageSize;
        if (maxMessageSize < 1)
        {
            var problem = $"MaxMessageSize is {maxMessageSize}; it must be 1 octet or more.";
            mail.Problems.Remove(problem);
            mail.Problems.Add(problem);
            return;
        }

        switch (endpoint)
        {
            case SmtpEndpointBuilder smtp:
                smtp.Options.MaxMessageSize = maxMessageSize ?? smtp.Options.MaxMessageSize;
                MailServerBuilderFilterSettings.Apply(mail, smtp, settings.Filters);
                break;
            case ProtocolEndpointBuilder<ImapOptions> imap:
                imap.Options.MaxMessageSize = maxMessageSize ?? imap.Options.MaxMessageSize;
                break;
        }
    }

    private static bool TryParse(string text, out IPAddress address)
    {
        address = text switch
        {
            "*" => IPAddress.IPv6Any,
            _ when text.Equals("localhost", StringComparison.OrdinalIgnoreCase) => IPAddress.Loopback,
            _ => IPAddress.TryParse(text, out var parsed) ? parsed : IPAddress.None,
        };
        return !address.Equals(IPAddress.None);
    }
}
