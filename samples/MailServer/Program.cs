using MailCore;
using MailServerSample;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

if (Help.IsWanted(args))
{
    Console.Out.Write(Help.Text);
    return 0;
}

try
{
    var builder = Host.CreateApplicationBuilder(args);
    var appliance = Appliance.Configure(builder, args);
    using var host = builder.Build();
    await host.StartAsync();
    appliance.OnStarted(host.Services.GetRequiredService<MailServer>());
    await host.WaitForShutdownAsync();
    return 0;
}
catch (Exception error) when (StartFailure.Explain(error) is { } message)
{
    Console.Error.WriteLine(message);
    return 1;
}
