using System.Runtime.Versioning;
using MailCore.Load;
using MailCore.Load.Mailboxes;
using MailCore.Load.Mixed;
using MailCore.Load.Outbound;
using MailCore.Load.Servers;

[assembly: SupportedOSPlatform("linux")]

return args switch
{
    ["bare"] => await BareServer.RunAsync(),
    ["mailboxes", .. var rest] => await MailboxHost.RunAsync(rest),
    ["mixed", .. var rest] => await MixedCommand.RunAsync(rest),
    ["relay", .. var rest] => await RelayHost.RunAsync(rest),
    ["serve", .. var rest] => await MailCoreServer.RunAsync(rest),
    _ => await LoadCommand.RunAsync(args),
};
