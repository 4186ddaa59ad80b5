using System.Net;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Storage;

namespace MailCore.LimitHost;

/// <summary>
/// A server for many idle IMAP sessions, in cleartext and in TLS. "memory" as a line of input is answered with what is resident now,
/// "collect" with the same after a garbage collection.
/// </summary>
internal static class IdleScenario
{
    public static async Task RunAsync(int sessions)
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.BindAddress = IPAddress.Loopback;
            mail.Options.MaxConnections = mail.Options.MaxConnectionsPerAddress = sessions + 10;
            mail.Options.Backlog = 1024;
            mail.UseInMemoryStore().UseSelfSignedCertificate().UseAuthenticator(static _ => new OpenDoor());
            mail.ListenImap(0).UseCleartext().AllowCleartextAuthentication();
            mail.ListenImaps(0);
        });
        Report.Print("imap", server.Endpoints["imap"].Port);
        Report.Print("imaps", server.Endpoints["imaps"].Port);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            if (line == "collect")
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }

            Report.Print("sessions", server.ConnectionCount);
            Report.Print("threads", ThreadPool.ThreadCount);
            Report.Print("heap-bytes", GC.GetTotalMemory(forceFullCollection: false));
            Report.Print("resident-bytes", Report.Resident());
        }
    }

    /// <summary>Any password is right: how passwords are checked is not what is measured.</summary>
    private sealed class OpenDoor : IMailAuthenticator
    {
        public ValueTask<AuthenticationResult> VerifyPasswordAsync(
            string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            ValueTask.FromResult<AuthenticationResult>(new AuthenticationResult.Ok(new MailIdentity(user, new AccountId(user))));
    }
}
