using System.Net;
using MailCore.Hosting;
using MailCore.Tls;

namespace MailCore.Testing;

/// <summary>What a test server is made of; the defaults fit a system under test in the same process.</summary>
public sealed class TestMailServerOptions
{
    /// <summary>The server's name, in its greeting and certificate.</summary>
    public string HostName { get; set; } = "mail.example.test";

    /// <summary>The domain of inboxes that are made without one.</summary>
    public string Domain { get; set; } = "example.test";

    /// <summary>
    /// Where to listen: loopback, unless the system under test runs in a container. Then logins need TLS, as everywhere else than on loopback.
    /// </summary>
    public IPAddress BindAddress { get; set; } = IPAddress.Loopback;

    /// <summary>The endpoints; every port is a free one.</summary>
    public TestRoles Roles { get; set; } = TestRoles.All;

    /// <summary>Takes mail for every address there is into <see cref="TestMailServer.CatchAll"/>, unless an inbox has the address. Otherwise it is refused.</summary>
    public bool AcceptsEverything { get; set; }

    /// <summary>The server's clock, of its time-outs, dates and delays: <see cref="ManualTimeProvider"/> to move it by hand.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Null makes one.</summary>
    public ServerCertificate? Certificate { get; set; }

    /// <summary>Sessions whose transcripts are kept, the last ones.</summary>
    public int MaxTranscripts { get; set; } = 1_000;

    /// <summary>
    /// The least number of the process's pool threads that are ready: clients that block, as <see cref="System.Net.Mail.SmtpClient"/> does, would
    /// else keep the server waiting for one. Only ever raised; 0 leaves the pool alone.
    /// </summary>
    public int MinThreads { get; set; } = 64;

    /// <summary>More for the server: filters, limits, another store. Runs before the endpoints are added.</summary>
    public Action<MailServerBuilder>? Configure { get; set; }
}

/// <summary>Endpoints of a test server.</summary>
[Flags]
public enum TestRoles
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Mail from other servers; STARTTLS offered, no login.</summary>
    Smtp = 1,

    /// <summary>Mail from users; STARTTLS offered, a login required.</summary>
    Submission = 2,

    /// <summary>The same with TLS from the first octet.</summary>
    Submissions = 4,

    /// <summary>LMTP, on loopback.</summary>
    Lmtp = 8,

    /// <summary>IMAP, STARTTLS offered.</summary>
    Imap = 16,

    /// <summary>IMAP with TLS from the first octet.</summary>
    Imaps = 32,

    /// <summary>POP3, STLS offered.</summary>
    Pop3 = 64,

    /// <summary>POP3 with TLS from the first octet.</summary>
    Pop3s = 128,

    /// <summary>All of them.</summary>
    All = 255,
}
