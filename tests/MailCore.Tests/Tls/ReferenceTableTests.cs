using System.Net;
using MailCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

/// <summary>The table of docs/tls.md, cell by cell, by clients.</summary>
[TestFixtureSource(nameof(PresetNames))]
[CancelAfter(60_000)]
public class ReferenceTableTests(string preset)
{
    // "off": not listened on; what follows is the rule once the host asks for the role.
    private static readonly (int Port, string Endpoint, string Rfc8314, string DockerMailserver, string DockerMailserverCurrent)[] Table =
    [
        (25, "smtp", "opportunistic", "none", "opportunistic"),
        (587, "submission", "required", "required", "required"),
        (465, "submissions", "implicit", "off implicit", "implicit"),
        (143, "imap", "required", "required", "required"),
        (993, "imaps", "implicit", "implicit", "implicit"),
        (110, "pop3", "off required", "off required", "off required"),
        (995, "pop3s", "off implicit", "off implicit", "off implicit"),
    ];

    private static readonly string[] PresetNames = ["Rfc8314", "DockerMailserver", "DockerMailserverCurrent"];

    private MailServer _server = null!;

    private static IEnumerable<TestCaseData> Cells => from row in Table from kind in Enum.GetValues<ClientKind>() select new TestCaseData(row.Port, kind);

    private static IEnumerable<int> Ports => Table.Select(static row => row.Port);

    private MailServerPreset Preset => MailServerPreset.All.Single(known => known.Name == preset);

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await MailServer.StartAsync(mail =>
    {
        mail.HostName = "mx.example.org";
        mail.UseInMemoryStore().UseSelfSignedCertificate().AddAccount("bob@example.org", "secret");
        mail.UsePreset(Preset, Locally);
        foreach (var (port, endpoint, _, _, _) in Table.Where(row => Cell(row.Port).IsOff))
        {
            Action<MailEndpointBuilder> configure = Locally;
            _ = endpoint switch
            {
                "submissions" => (MailEndpointBuilder)mail.ListenSubmissions(port, configure),
                "pop3" => mail.ListenPop3(port, configure),
                "pop3s" => mail.ListenPop3s(port, configure),
                _ => throw new InvalidOperationException(endpoint),
            };
        }
    });

    [OneTimeTearDown]
    public Task StopAsync() => _server.DisposeAsync().AsTask();

    [TestCaseSource(nameof(Cells))]
    public async Task A_client_gets_exactly_what_the_table_says(int port, ClientKind kind)
    {
        var endpoint = _server.Endpoints[Cell(port).Endpoint];

        var observed = await TlsProbe.For(endpoint).ObserveAsync(endpoint, kind);

        Assert.That(observed, Is.EqualTo(Expected(port, Cell(port).Mode, kind)));
    }

    [TestCaseSource(nameof(Ports))]
    public void The_preset_listens_there_or_not(int port)
    {
        MailServerBuilder mail = null!;
        new ServiceCollection().AddMailServer(builder => mail = builder.UsePreset(Preset));
        var (name, mode, isOff) = Cell(port);

        var found = mail.Endpoints.Where(endpoint => endpoint.Port == port).ToList();

        Assert.That(found.Select(static endpoint => endpoint.Name), isOff ? Is.Empty : Is.EqualTo(new[] { name }));
        Assert.That(found.Select(static endpoint => endpoint.Tls.Mode.ToString()), Has.All.EqualTo(mode).IgnoreCase);
    }

    private static void Locally(MailEndpointBuilder endpoint)
    {
        endpoint.Port = 0;
        endpoint.On(IPAddress.Loopback);
    }

    private (string Endpoint, string Mode, bool IsOff) Cell(int port)
    {
        var row = Table.Single(row => row.Port == port);
        var cell = preset switch
        {
            "Rfc8314" => row.Rfc8314,
            "DockerMailserver" => row.DockerMailserver,
            _ => row.DockerMailserverCurrent,
        };
        return (row.Endpoint, cell.Split(' ')[^1], cell.StartsWith("off", StringComparison.Ordinal));
    }

    private static string Expected(int port, string mode, ClientKind kind) => (port, mode, kind) switch
    {
        (_, "implicit", ClientKind.Clear or ClientKind.StartTls) => "not an octet",
        (_, "none" or "opportunistic" or "required", ClientKind.Implicit) => "no handshake",
        (_, "none", ClientKind.StartTls) => "STARTTLS refused",

        // Transfer is open to all for our own users, and takes no logins.
        (25, "none", ClientKind.Clear) => "no STARTTLS, no login, MAIL 250, login refused",
        (25, "opportunistic", ClientKind.Clear) => "STARTTLS offered, no login, MAIL 250, login refused",
        (25, "opportunistic", ClientKind.StartTls) => "no STARTTLS, no login, MAIL 250, STARTTLS refused, login refused",

        // 530 is TLS first, and then login first.
        (587, "required", ClientKind.Clear) => "STARTTLS offered, no login, MAIL 530, login refused",
        (587 or 465, _, _) => "no STARTTLS, login offered, MAIL 530, STARTTLS refused, login taken",

        (143 or 110, "required", ClientKind.Clear) => "STARTTLS offered, no login, login refused",
        (143 or 993 or 110 or 995, _, _) => "no STARTTLS, login offered, STARTTLS refused, login taken",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };
}
