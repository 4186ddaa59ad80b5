using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Relay;

namespace MailCore.Hosting;

/// <summary>Sets <see cref="MailServerBuilder.RelayClient"/> from the section <c>Mail:Relay</c>. What is wrong there is a problem of the start.</summary>
internal static class MailServerBuilderRelay
{
    private const int SubmissionPort = 587;

    public static void Apply(MailServerBuilder mail, RelaySettings? settings)
    {
        if (settings is null)
        {
            return;
        }

        mail.RelaySettings = settings;
        if (settings.Enabled == true)
        {
            mail.UseRelay(relay => ApplyQueue(mail, relay.Options, settings));
        }

        var client = mail.RelayClient;
        client.HelloName = settings.HelloName ?? client.HelloName;
        client.MaxRecipients = settings.MaxRecipients ?? client.MaxRecipients;
        client.PrefersChunking = settings.PrefersChunking ?? client.PrefersChunking;
        ApplyAddresses(mail, settings);
        ApplyAuthorities(mail, settings.AuthoritiesFile);
        ApplySrs(mail, settings.Srs);
        OutboundTlsServices.Apply(mail, settings);
        for (var i = 0; i < settings.SmartHosts.Count; i++)
        {
            ApplySmartHost(mail, settings.SmartHosts[i], $"Relay:SmartHosts:{i}");
        }

        settings.DirectSenders.ForEach(sender => client.SmartHosts.BySender[sender] = null);
        settings.DirectRecipients.ForEach(domain => client.SmartHosts.ByRecipient[domain] = null);
        for (var i = 0; i < settings.SenderLogins.Count; i++)
        {
            if (settings.SenderLogins[i] is { Sender: { Length: > 0 } sender, User: { Length: > 0 } user, Password: { Length: > 0 } password })
            {
                client.SmartHosts.LoginsBySender[sender] = new SmartHostLogin { User = user, Password = password };
            }
            else
            {
                mail.Problems.Add($"Relay:SenderLogins:{i} needs a Sender, a User and a Password.");
            }
        }

        if (settings.RelayMapFile is { Length: > 0 } map)
        {
            Read(mail, map, text => PostfixRelayFiles.ReadRelayMap(text, client.SmartHosts));
        }

        if (settings.PasswordFile is { Length: > 0 } passwords)
        {
            Read(mail, passwords, text => PostfixRelayFiles.ReadPasswords(text, client.SmartHosts));
        }
    }

    /// <summary>Keys that would do nothing, in silence.</summary>
    public static string? FindIdle(MailServerBuilder mail) =>
        mail is { RelaySettings: { Enabled: null } settings, Relay: null, Routing.RelaysOutward: false }
        && UsedByRelayAlone(settings, mail.Addresses.Domains.Count > 0).ToList() is { Count: > 0 } idle
            ? $"Relay has {string.Join(", ", idle)}, and no relay to use it. Set Relay:Enabled to true, or to false to keep it for later."
            : null;

    /// <summary>The keys that are set and mean nothing without a queue; those of the client have a use where domains are handed over to others.</summary>
    private static IEnumerable<string> UsedByRelayAlone(RelaySettings settings, bool handsOver)
    {
        (string Name, bool IsSet)[] queue =
        [
            (nameof(settings.MinimumDelay), settings.MinimumDelay is not null), (nameof(settings.MaximumDelay), settings.MaximumDelay is not null),
            (nameof(settings.Lifetime), settings.Lifetime is not null), (nameof(settings.WarnAfter), settings.WarnAfter is not null),
            (nameof(settings.MaxConnections), settings.MaxConnections is not null),
            (nameof(settings.MaxConnectionsPerDestination), settings.MaxConnectionsPerDestination is not null),
            (nameof(settings.DoubleBouncesTo), settings.DoubleBouncesTo is { Length: > 0 }),
            (nameof(settings.DirectSenders), settings.DirectSenders.Count > 0),
            (nameof(settings.DirectRecipients), settings.DirectRecipients.Count > 0), (nameof(settings.RelayMapFile), settings.RelayMapFile is { Length: > 0 }),
            (nameof(settings.Srs), settings.Srs is not null),
        ];
        (string Name, bool IsSet)[] client =
        [
            // Those who are handed mail may want a login.
            (nameof(settings.SmartHosts), settings.SmartHosts.Count > 0), (nameof(settings.SenderLogins), settings.SenderLogins.Count > 0),
            (nameof(settings.PasswordFile), settings.PasswordFile is { Length: > 0 }),
            (nameof(settings.HelloName), settings.HelloName is not null), (nameof(settings.BindAddresses), settings.BindAddresses.Count > 0),
            (nameof(settings.BindAddressesByHop), settings.BindAddressesByHop.Count > 0), (nameof(settings.MaxRecipients), settings.MaxRecipients is not null),
            (nameof(settings.PrefersChunking), settings.PrefersChunking is not null), (nameof(settings.AuthoritiesFile), settings.AuthoritiesFile is { Length: > 0 }),
            (nameof(settings.Dane), settings.Dane == true), (nameof(settings.MtaSts), settings.MtaSts == true),
            (nameof(settings.Tls), settings.Tls is { Length: > 0 }), (nameof(settings.TlsByDomain), settings.TlsByDomain.Count > 0),
        ];
        return (handsOver ? queue : queue.Concat(client)).Where(static key => key.IsSet).Select(static key => key.Name);
    }

    private static void ApplyQueue(MailServerBuilder mail, RelayOptions options, RelaySettings settings)
    {
        var schedule = options.Schedule;
        options.Schedule = schedule with
        {
            MinimumDelay = settings.MinimumDelay ?? schedule.MinimumDelay,
            MaximumDelay = settings.MaximumDelay ?? schedule.MaximumDelay,
            Lifetime = settings.Lifetime ?? schedule.Lifetime,
            WarnAfter = settings.WarnAfter == TimeSpan.Zero ? null : settings.WarnAfter ?? schedule.WarnAfter,
        };
        options.MaxConnections = settings.MaxConnections ?? options.MaxConnections;
        options.MaxConnectionsPerDestination = settings.MaxConnectionsPerDestination ?? options.MaxConnectionsPerDestination;
        if (settings.DoubleBouncesTo is { Length: > 0 } text)
        {
            if (!EmailAddress.TryParse(text, out var address))
            {
                mail.Problems.Add($"Relay:DoubleBouncesTo '{text}' is not an e-mail address.");
            }

            options.DoubleBouncesTo = address;
        }
    }

    private static void ApplyAddresses(MailServerBuilder mail, RelaySettings settings)
    {
        foreach (var text in settings.BindAddresses)
        {
            if (TryAddress(mail, text, "Relay:BindAddresses", out var address))
            {
                mail.RelayClient.BindAddresses.Add(address);
            }
        }

        foreach (var (hop, text) in settings.BindAddressesByHop)
        {
            if (TryAddress(mail, text, $"Relay:BindAddressesByHop:{hop}", out var address))
            {
                mail.RelayClient.BindAddressesByHop[hop] = address;
            }
        }
    }

    private static void ApplyAuthorities(MailServerBuilder mail, string? file)
    {
        if (file is not { Length: > 0 })
        {
            return;
        }

        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            mail.RelayClient.Authorities = authorities;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            mail.Problems.Add($"Relay:AuthoritiesFile '{file}' can't be read: {error.Message}");
        }
    }

    private static void ApplySrs(MailServerBuilder mail, SrsSettings? settings)
    {
        if (settings is null)
        {
            return;
        }

        mail.UseSenderRewriting(new SrsOptions
        {
            Domain = settings.Domain ?? "",
            Secrets = settings.Secrets,
            ExcludedDomains = settings.ExcludedDomains,
            MaxAge = TimeSpan.FromDays(settings.MaxAgeDays ?? 21),
            HashLength = settings.HashLength ?? 8,
        });
    }

    private static void ApplySmartHost(MailServerBuilder mail, SmartHostSettings settings, string key)
    {
        var level = default(OutboundTlsLevel);
        var address = default(IPAddress);
        if (!PostfixRelayFiles.TryHost(settings.Host, SubmissionPort, out var host))
        {
            mail.Problems.Add($"{key}:Host '{settings.Host}' is no smart host. Write [smtp.example.net]:587.");
            return;
        }

        if (settings.Tls is { Length: > 0 } tls && !Enum.TryParse(tls, ignoreCase: true, out level))
        {
            mail.Problems.Add($"{key}:Tls '{tls}' is none of {string.Join(", ", Enum.GetNames<OutboundTlsLevel>())}.");
        }

        if (settings.BindAddress is { Length: > 0 } own && !TryAddress(mail, own, $"{key}:BindAddress", out address))
        {
            return;
        }

        if (settings.User is { Length: > 0 } != settings.Password is { Length: > 0 })
        {
            mail.Problems.Add($"{key} has a User or a Password alone; a login takes both.");
        }

        host = host with
        {
            Tls = settings.Tls is { Length: > 0 } ? level : null,
            UsesImplicitTls = settings.ImplicitTls,
            BindAddress = address,
            Login = settings is { User: { Length: > 0 } user, Password: { Length: > 0 } password }
                ? new SmartHostLogin { User = user, Password = password, AllowCleartext = settings.AllowCleartextLogin == true }
                : null,
        };
        var hosts = mail.RelayClient.SmartHosts;
        settings.Senders.ForEach(sender => hosts.BySender[sender] = host);
        settings.Recipients.ForEach(domain => hosts.ByRecipient[domain] = host);
        hosts.Default = settings.Senders.Count + settings.Recipients.Count == 0 ? host : hosts.Default;
    }

    private static void Read(MailServerBuilder mail, string file, Func<string, string?> read)
    {
        try
        {
            if (read(File.ReadAllText(file)) is { } problem)
            {
                mail.Problems.Add($"'{file}': {problem}");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            mail.Problems.Add($"'{file}' can't be read: {error.Message}");
        }
    }

    private static bool TryAddress(MailServerBuilder mail, string text, string key, out IPAddress address)
    {
        if (IPAddress.TryParse(text, out var parsed))
        {
            address = parsed;
            return true;
        }

        address = IPAddress.None;
        mail.Problems.Add($"{key}: '{text}' is no IP address.");
        return false;
    }
}
