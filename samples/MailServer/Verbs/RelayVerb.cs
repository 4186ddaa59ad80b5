using MailCore.Hosting;
using MailCore.Relay.Security;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;

namespace MailServerSample.Verbs;

/// <summary>Where mail for a domain goes and what TLS it needs; and what a domain of ours should publish so that others do the same.</summary>
internal static class RelayVerb
{
    public static Verb Verb { get; } = new(
        "relay",
        "(explain DESTINATION | publish DOMAIN [--report ADDRESS])",
        "explain: tells which servers mail for a domain goes to, what TLS each needs and by whose wish, and why mail waits; DNS and policies are looked up, nothing is sent. "
        + "publish: prints the DNS records and the MTA-STS policy that a domain of this server should publish. The server may run meanwhile.",
        [new("report", "ADDRESS", "who gets TLS reports (RFC 8460)")],
        RunAsync)
    { MaxWords = 2 };

    private static async Task<int> RunAsync(VerbContext context)
    {
        await using var services = Build(context.Settings);
        return context.Arguments.Words switch
        {
            ["explain", var destination] => await ExplainAsync(context, services, destination),
            ["publish", var domain] => Publish(context, services, domain),
            _ => throw DirectoryAccess.Refuse("Say what: relay explain example.org, or relay publish example.org."),
        };
    }

    private static async Task<int> ExplainAsync(VerbContext context, ServiceProvider services, string destination)
    {
        var explanation = await services.GetRequiredService<NextHopExplainer>().ExplainAsync(destination, requireTls: false, context.Stop);
        context.Say(explanation.ToString().TrimEnd());
        return explanation.Failure is null ? 0 : 2;
    }

    private static int Publish(VerbContext context, ServiceProvider services, string domain)
    {
        var host = services.GetRequiredService<MailCore.MailServerOptions>().HostName;
        var certificates = services.GetService<IServerCertificates>() ?? throw DirectoryAccess.Refuse("This server has no certificate: set Mail:Certificate.");
        var policy = new MtaStsPolicy { Mode = MtaStsMode.Testing, Mx = [host], MaxAge = TimeSpan.FromDays(7) };
        foreach (var record in PublishedRecords.For(domain, host, certificates.Select(host).TargetCertificate, policy, context.Arguments.Find("report")))
        {
            context.Say(record.ToString());
        }

        context.Say($"\nhttps://mta-sts.{domain}/.well-known/mta-sts.txt, to be changed to \"enforce\" when reports show no failures:\n{policy}");
        return 0;
    }

    /// <summary>The server's parts without its store.</summary>
    private static ServiceProvider Build(MailServerSettings settings)
    {
        var services = new ServiceCollection();
        services.AddMailServer(mail =>
        {
            mail.Apply(settings);
            services.AddSingleton(mail.Options);
        });
        return services.BuildServiceProvider();
    }
}
