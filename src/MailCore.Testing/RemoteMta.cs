using MailCore.Testing.Faults;

namespace MailCore.Testing;

/// <summary>
/// Another organisation's mail server, for tests of what relays: takes mail for every address, and fails as it is told to. Its port is a
/// free one of loopback; <see cref="NextHop"/> names it to a relay. Thread-safe.
/// </summary>
public sealed class RemoteMta : IAsyncDisposable
{
    private readonly TestMailServer _server;

    private RemoteMta(TestMailServer server) => _server = server;

    /// <summary>As routes are written: <c>[127.0.0.1]:40123</c>.</summary>
    public string NextHop => $"[{Host}]:{Port}";

    /// <summary>The address to connect to.</summary>
    public string Host => _server.Host;

    /// <summary>The port to connect to.</summary>
    public int Port => _server.SmtpPort;

    /// <summary>What it got, envelopes and octets, and ways to wait for it.</summary>
    public TestInbox Mail => _server.CatchAll;

    /// <inheritdoc cref="TestMailServer.Faults"/>
    public FaultPlan Faults => _server.Faults;

    /// <inheritdoc cref="TestMailServer.Transcripts"/>
    public IReadOnlyList<Transcript> Transcripts => _server.Transcripts;

    /// <summary>The whole server, for its certificate and its inboxes.</summary>
    public TestMailServer Server => _server;

    /// <summary>Starts one; it accepts connections when this returns.</summary>
    public static async Task<RemoteMta> StartAsync(Action<TestMailServerOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        var options = new TestMailServerOptions { HostName = "mx.remote.test", Domain = "remote.test", Roles = TestRoles.Smtp };
        configure?.Invoke(options);
        options.AcceptsEverything = true;
        return new RemoteMta(await TestMailServer.StartAsync(options, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
