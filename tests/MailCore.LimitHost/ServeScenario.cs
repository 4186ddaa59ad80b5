using System.Net;
using MailCore.Hosting;

namespace MailCore.LimitHost;

/// <summary>A server that takes very large messages by LMTP and serves them by IMAP, both without TLS; each line of input is answered with what was allocated so far.</summary>
internal static class ServeScenario
{
    public static async Task RunAsync(string folder, long maxMessageSize)
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseSqliteStore(folder).AddAccount("bob@example.org", "secret");
            mail.ListenLmtp(0, lmtp => lmtp.Options.MaxMessageSize = maxMessageSize);
            mail.ListenImap(0).On(IPAddress.Loopback).UseCleartext().AllowCleartextAuthentication();
        });
        Report.Print("lmtp", server.Endpoints["lmtp"].Port);
        Report.Print("imap", server.Endpoints["imap"].Port);
        while (await Console.In.ReadLineAsync() is not null)
        {
            Report.PrintMemory();
            Report.Print("allocated", GC.GetTotalAllocatedBytes(precise: true));
        }
    }
}
