using MailCore;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;

namespace MailServerSample.Verbs;

/// <summary>"Would it start?"</summary>
internal static class CheckConfigVerb
{
    public static Verb Verb { get; } = new(
        "check-config",
        "",
        "Checks the configuration as a start or a reload would, certificates included, without opening or binding anything. The server may run meanwhile.",
        [],
        RunAsync);

    private static async Task<int> RunAsync(VerbContext context)
    {
        string[] args = [.. context.Arguments.Configuration];
        var builder = Appliance.MakeBuilder(args);
        var settings = Appliance.ReadSettings(builder, args);
        MailServer.Check(mail => Appliance.Compose(mail, settings, builder.Configuration));
        await MovedAccounts.ReadAsync(settings);
        if (settings.Certificate is not null)
        {
            await using var services = new ServiceCollection().AddMailServer(mail => Appliance.Compose(mail, settings, builder.Configuration)).BuildServiceProvider();
            var certificate = services.GetRequiredService<IServerCertificates>().Select(settings.HostName).TargetCertificate;
            context.Say($"Certificate for {settings.HostName ?? "this host"}: {certificate.Subject}, valid until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}.");
        }

        context.Say("The configuration can be used.");
        return 0;
    }
}
