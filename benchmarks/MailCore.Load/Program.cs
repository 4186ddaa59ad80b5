using MailCore.Load;
using MailCore.Load.Servers;

return args switch
{
    ["bare"] => await BareServer.RunAsync(),
    _ => await LoadCommand.RunAsync(args),
};
