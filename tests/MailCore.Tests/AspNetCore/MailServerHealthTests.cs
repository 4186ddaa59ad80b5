using System.Net;
using MailCore.Hosting;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

[CancelAfter(60_000)]
internal sealed class MailServerHealthTests
{
    [Test]
    public async Task It_is_healthy_from_the_start_to_the_stop_and_degraded_while_full()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMailServer(static mail =>
        {
            mail.Options.MaxConnections = 1;
            mail.UseInMemoryStore().ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        services.AddHealthChecks().AddMailServer();
        await using var host = services.BuildServiceProvider();
        var server = host.GetRequiredService<MailServer>();

        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Unhealthy));
        await server.StartAsync(default);
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Healthy));
        using (var client = await MailClient.ConnectAsync(server.Endpoints[0]))
        {
            await client.ReadLineAsync();
            var full = await CheckAsync(host);
            Assert.That(full.Status, Is.EqualTo(HealthStatus.Degraded));
            Assert.That((full.Data["connections"], full.Data["endpoints"]), Is.EqualTo((1, 1)));
            await client.SayAsync("QUIT");
        }

        Assert.That(async () => (await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Healthy).After(30_000, 20));
        await server.StopAsync();
        Assert.That((await CheckAsync(host)).Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public async Task A_host_chooses_its_name_its_tags_and_what_failing_means()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMailServer(static mail => mail.UseInMemoryStore().ListenSmtp(0).On(IPAddress.Loopback).UseCleartext());
        services.AddHealthChecks().AddMailServer("post", HealthStatus.Degraded, ["ready"]);
        await using var host = services.BuildServiceProvider();

        var report = await host.GetRequiredService<HealthCheckService>().CheckHealthAsync(static check => check.Tags.Contains("ready"));

        Assert.That(report.Entries["post"].Status, Is.EqualTo(HealthStatus.Degraded));
    }

    private static async Task<HealthReportEntry> CheckAsync(ServiceProvider host) =>
        (await host.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["mail"];
}
