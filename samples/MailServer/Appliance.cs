using MailCore;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MailServerSample;

/// <summary>The server as configured, with what is chosen where the configuration says nothing.</summary>
internal sealed class Appliance
{
    private readonly MailServerSettings _settings;
    private readonly FirstAccount? _firstAccount;

    private Appliance(MailServerSettings settings, FirstAccount? firstAccount) => (_settings, _firstAccount) = (settings, firstAccount);

    public static Appliance Configure(HostApplicationBuilder builder, string[] args)
    {
        // What ships beside the program is weaker than a file in the folder it is started in.
        builder.Configuration.Sources.Insert(0, new JsonConfigurationSource { Path = Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Optional = true });
        ((JsonConfigurationSource)builder.Configuration.Sources[0]).ResolveFileProvider();
        // It reports a failed start with a stack trace; we report it in words.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);

        ConfigurationKeys.Check(builder.Configuration, args);
        var settings = MailServerSettings.Read(builder.Configuration.GetSection("Mail"));
        var folder = DataFolder.Open(settings.DataFolder ?? "data");
        var firstAccount = settings.Accounts.Count == 0 ? FirstAccount.ReadOrMake(folder, settings.Domains.FirstOrDefault() ?? "localhost") : null;
        if (settings.Listeners.Count == 0)
        {
            settings.Listeners.AddRange(DefaultListeners.Make());
        }

        builder.Services.AddMailServer(mail => Configure(mail, settings, folder, firstAccount));
        return new Appliance(settings, firstAccount);
    }

    /// <summary>Prints what a user needs to begin with. A new password is printed before it is kept: one that nobody saw is of no use.</summary>
    public void OnStarted(MailServer server)
    {
        Console.Out.Write(new Welcome(server, _settings, _firstAccount).Text());
        Console.Out.Flush();
        _firstAccount?.Save();
    }

    private static void Configure(MailServerBuilder mail, MailServerSettings settings, DataFolder folder, FirstAccount? firstAccount)
    {
        mail.Apply(settings);
        mail.UseInMemoryStore();
        if (firstAccount is not null)
        {
            mail.AddAccountWithPasswordHash(firstAccount.Address, firstAccount.PasswordHash);
        }

        // RFC 5321 4.5.1: there is always a postmaster.
        if (EmailAddress.TryParse(firstAccount?.Address ?? settings.Accounts[0].Address ?? "", out var postmaster))
        {
            mail.Services.AddSingleton(new DirectoryRouterOptions { Postmaster = postmaster });
        }

        if (settings.Certificate is null && settings.Listeners.Exists(DefaultListeners.UsesTls))
        {
            var exposed = settings.Listeners.FindIndex(listener => DefaultListeners.UsesTls(listener) && !DefaultListeners.IsLocal(listener));
            if (exposed >= 0)
            {
                throw new MailServerConfigurationException([
                    $"Listener Mail:Listeners:{exposed} ({settings.Listeners[exposed].Role}) can be reached from the network and needs a certificate. "
                    + "Set Mail:Certificate:File and Mail:Certificate:KeyFile to PEM files; one is generated only when all listeners are on localhost."]);
            }

            var certificate = DevelopmentCertificate.ReadOrMake(folder, mail.HostName);
            mail.UseCertificates(services =>
            {
                certificate.Announce(services.GetRequiredService<ILogger<Appliance>>());
                return certificate.Certificate;
            });
        }
    }
}
