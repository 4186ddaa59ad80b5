using MailCore;
using MailCore.Storage;
using MailServerSample;
using MailServerSample.Operation;
using MailServerSample.Verbs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

if (Verb.Find(args) is { } verb)
{
    return await verb.RunAsync(args);
}

if (Help.IsWanted(args))
{
    Console.Out.Write(Help.Text + Verb.Summary());
    return 0;
}

try
{
    // From here on a SIGHUP does not end the process.
    using var signals = new ReloadRequests();
    var builder = Appliance.MakeBuilder(args);
    signals.Watch(builder.Environment.ContentRootPath);
    ((IConfigurationRoot)builder.Configuration).Reload();
    var settings = Appliance.Configure(builder, args);
    using var host = builder.Build();
    await Appliance.SetPasswordsAsync(host.Services, settings);
    await MovedAccounts.ImportAsync(host.Services, await MovedAccounts.ReadAsync(settings));
    await host.StartAsync();

    // Made after the start: a password is of no use if a failing start keeps it from being shown.
    var account = await FirstAccount.FindOrMakeAsync(host.Services.GetRequiredService<IMailDirectory>(), settings);
    await using var supervision = new Supervision(host, settings);
    Console.Out.Write(new Welcome(host.Services.GetRequiredService<MailServer>(), account, settings).Text());
    await using var reloading = new Reloading(host, args, supervision, signals);
    await host.WaitForShutdownAsync();
    return 0;
}
catch (Exception error) when (StartFailure.Explain(error) is { } message)
{
    Console.Error.WriteLine(message);
    return 1;
}
