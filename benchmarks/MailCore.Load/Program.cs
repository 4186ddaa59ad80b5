using MailCore.Load;
using MailCore.Load.Servers;

return args switch
{
    ["bare"] => await BareServer.RunAsync(),
    ["serve", .. var rest] => await MailCoreServer.RunAsync(rest),
    _ => await LoadCommand.RunAsync(args),
};
