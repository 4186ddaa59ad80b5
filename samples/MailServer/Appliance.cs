using MailCore;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MailServerSample;

/// <summary>The server as configured, with what is chosen where the configuration says nothing.</summary>
internal static class Appliance
{
    /// <summary>A host with the configuration of these arguments. Files are read once: what watches them is <see cref="Operation.Reloading"/>, which takes nothing over unchecked.</summary>
    public static HostApplicationBuilder MakeBuilder(string[] args)
    {
        var first = new ConfigurationManager();
        first.AddInMemoryCollection([KeyValuePair.Create("hostBuilder:reloadConfigOnChange", (string?)"false")]);
        HostApplicationBuilder builder;
        try
        {
            builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = args, Configuration = first });
        }
        catch (DirectoryNotFoundException missing)
        {
            // The host's message is the path and nothing else.
            throw new MailServerConfigurationException([$"There is no folder '{missing.Message}'; contentRoot names it."]);
        }

        // What ships beside the program is weaker than a file in the folder it is started in.
        var shipped = new JsonConfigurationSource { Path = Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Optional = true };
        shipped.ResolveFileProvider();
        builder.Configuration.Sources.Insert(0, shipped);
        return builder;
    }

    public static MailServerSettings Configure(HostApplicationBuilder builder, string[] args)
    {
        // It reports a failed start with a stack trace; we report it in words.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (Operation.SystemdNotifier.IsService)
        {
            builder.Logging.AddSystemdConsole();
        }

        var settings = ReadSettings(builder, args);
        builder.Services.AddMailServer(mail => Compose(mail, settings, builder.Configuration));
        return settings;
    }

    /// <summary>What the configuration says, with what is chosen where it says nothing.</summary>
    public static MailServerSettings ReadSettings(HostApplicationBuilder builder, string[] args)
    {
        ConfigurationKeys.Check(builder.Configuration, args);
        var settings = MailServerSettings.Read(builder.Configuration.GetSection("Mail"));
        if (settings.Listeners.Count == 0 && string.IsNullOrEmpty(settings.Preset))
        {
            settings.Listeners.AddRange(DefaultListeners.Make());
        }

        if (settings.Domains.Count == 0 && settings.Accounts.Count == 0)
        {
            settings.Domains.Add("localhost");
        }

        // As docker-mailserver is told its relay hosts.
        if (builder.Configuration["RELAY_HOST"] is { Length: > 0 } || builder.Configuration["DEFAULT_RELAY_HOST"] is { Length: > 0 })
        {
            (settings.Relay ??= new RelaySettings()).Enabled ??= true;
        }

        return settings;
    }

    /// <summary>Puts the server together, for the start and for each reload.</summary>
    public static void Compose(MailServerBuilder mail, MailServerSettings settings, IConfiguration configuration)
    {
        var folder = FolderOf(settings);
        mail.Apply(settings).UseSocketActivation().UseSqliteStore(folder, options => options.FullTextSearch = settings.FullTextSearch);
        UseDevelopmentCertificate(mail, settings, folder);
        if (PostfixRelayFiles.ReadVariables(name => configuration[name], mail.Domains, mail.RelayClient.SmartHosts) is { } problem)
        {
            throw new MailServerConfigurationException([problem]);
        }

        // RFC 5321 4.5.1: there is always a postmaster.
        if (EmailAddress.TryParse(settings.Accounts.FirstOrDefault()?.Address ?? FirstAccount.AddressIn(settings), out var postmaster))
        {
            mail.Routing.Postmaster ??= postmaster;
        }
    }

    /// <summary>The configuration of a server started with the same arguments in the same folder.</summary>
    public static MailServerSettings ReadSettings(string[] args)
    {
        var builder = MakeBuilder(args);
        ConfigurationKeys.Check(builder.Configuration, args);
        return MailServerSettings.Read(builder.Configuration.GetSection("Mail"));
    }

    /// <summary>Where mail is kept.</summary>
    public static string FolderOf(MailServerSettings settings) => Path.GetFullPath(settings.DataFolder ?? "data");

    /// <summary>The store by itself, with the options that the server opens it with.</summary>
    public static SqliteMailStore OpenStore(MailServerSettings settings) =>
        SqliteMailStore.Open(FolderOf(settings), new SqliteStoreOptions { FullTextSearch = settings.FullTextSearch });

    /// <summary>The same where there is one; a mistyped folder does not become a new store.</summary>
    /// <exception cref="MailServerConfigurationException">There is none.</exception>
    public static SqliteMailStore OpenExistingStore(MailServerSettings settings) =>
        File.Exists(Path.Combine(FolderOf(settings), SqliteMailStore.DatabaseName))
            ? OpenStore(settings)
            : throw new MailServerConfigurationException([$"There is no mail store in '{FolderOf(settings)}'."]);

    /// <summary>
    /// The library makes accounts that are missing and leaves others alone. Here the configuration is where passwords are set, so a
    /// changed one takes effect with the next start. It also opens the store first, which makes the folder.
    /// </summary>
    public static async Task SetPasswordsAsync(IServiceProvider services, MailServerSettings settings)
    {
        var directory = services.GetRequiredService<SqliteMailDirectory>();
        var authenticator = services.GetRequiredService<IMailAuthenticator>();
        foreach (var configured in settings.Accounts)
        {
            if (configured.Password is { Length: > 0 } password
                && EmailAddress.TryParse(configured.Address, out var address)
                && await directory.ResolveAsync(address, CancellationToken.None) is DirectoryEntry.Account account
                && await authenticator.VerifyPasswordAsync(
                    address.ToString(), password, new AuthenticationContext("configuration", null, IsSecured: true), CancellationToken.None) is not AuthenticationResult.Ok)
            {
                await directory.SetPasswordAsync(account.Id, password, CancellationToken.None);
            }
        }
    }

    private static void UseDevelopmentCertificate(MailServerBuilder mail, MailServerSettings settings, string folder)
    {
        // One of an unknown name is told of at the start.
        if (settings.Certificate is null && settings.Listeners.Count == 0 && mail.Preset.Name.Equals(settings.Preset, StringComparison.OrdinalIgnoreCase))
        {
            throw new MailServerConfigurationException([
                $"Mail:Preset={mail.Preset.Name} listens on the network and needs a certificate. "
                + "Set Mail:Certificate:File and Mail:Certificate:KeyFile to PEM files, or Mail:Certificate:Folder to that of an ACME client."]);
        }

        if (settings.Certificate is not null || !settings.Listeners.Exists(UsesTls))
        {
            return;
        }

        var exposed = settings.Listeners.FindIndex(listener => UsesTls(listener) && !DefaultListeners.IsLocal(listener));
        if (exposed >= 0)
        {
            throw new MailServerConfigurationException([
                $"Mail:Listeners:{exposed} ({settings.Listeners[exposed].Role}) can be reached from the network and needs a certificate. "
                + "Set Mail:Certificate:File and Mail:Certificate:KeyFile to PEM files, or Mail:Certificate:Folder to that of an ACME client; one is generated only when all listeners are on localhost."]);
        }

        mail.UseCertificates(services => DevelopmentCertificate.ReadOrMake(folder, mail.HostName, services.GetRequiredService<ILogger<MailServer>>()));

        bool UsesTls(ListenerSettings listener) => (listener.Tls ?? (listener.Role is { } role ? mail.Preset.TlsFor(role) : TlsMode.None)) != TlsMode.None;
    }
}
