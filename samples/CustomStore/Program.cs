using System.Net;
using CustomStore;
using MailCore;
using MailCore.Hosting;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

// dotnet run -- FOLDER PORT: the tickets of support@example.org are an IMAP mailbox. A line typed opens one, an empty line lists all.
var store = new TicketStore(Directory.CreateDirectory(args[0]).FullName, TimeProvider.System);
var signal = new LocalChangeSignal();
await using var server = await MailServer.StartAsync(mail =>
{
    mail.HostName = "localhost";
    mail.UseStore(_ => store).AddAccount("support@example.org", "secret");
    mail.Services.AddSingleton<IChangeSignal>(signal);
    mail.ListenImap(int.Parse(args[1]), imap => imap.On(IPAddress.Loopback).UseCleartext().AllowCleartextAuthentication());
});
Console.WriteLine($"imap://support%40example.org:secret@127.0.0.1:{server.Endpoints["imap"].Port}/INBOX");
var account = new AccountId("support@example.org");
while (await Console.In.ReadLineAsync() is { } line)
{
    if (line.Length > 0)
    {
        await signal.RaiseAsync(account, new ChangeHint(store.Desk(account).Open(line, "Opened by hand.\r\n")));
    }
    else
    {
        Console.WriteLine($"{store.Desk(account).List}\n--");
    }
}
