using System.Net;
using System.Text;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Tests.Relay;

/// <summary>Finds what it is told, without DNS.</summary>
internal sealed class FixedHops(params HopHost[] hosts) : INextHopFinder
{
    public SmtpReply? Failure { get; init; }

    public ValueTask<HopPlan> FindAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken) => ValueTask.FromResult(new HopPlan(hosts, Failure));

    public static HopHost Host(int port, OutboundTlsRequirement? tls = null, string name = "mx.example.org") =>
        new(name, [IPAddress.Loopback], port, tls ?? OutboundTlsRequirement.Opportunistic);
}

/// <summary>The relay's client, with short ways to use it.</summary>
internal static class RelayTestClient
{
    public static readonly NextHop Hop = NextHop.Domain("example.org");
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    public static RelayConnector Connector(INextHopFinder finder, Action<RelayClientOptions>? configure = null, TimeProvider? time = null, TlsReportCollector? reports = null)
    {
        var options = new RelayClientOptions();
        configure?.Invoke(options);
        return new RelayConnector(finder, options, "client.example", time ?? TimeProvider.System, NullLogger<RelayConnector>.Instance) { Reports = reports };
    }

    public static Envelope Envelope(params string[] recipients)
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com")));
        envelope.Recipients.AddRange(recipients.Select(static one => new Recipient(EmailAddress.Parse(one))));
        return envelope;
    }

    public static RelayMessage Message(Envelope envelope, string text = "Subject: x\r\n\r\nhello\r\n") => Message(envelope, Encoding.UTF8.GetBytes(text));

    public static RelayMessage Message(Envelope envelope, byte[] octets) => new("Q1", envelope, Content(octets));

    public static MessageContent Content(byte[] octets) => new(default, BufferedContent.Reader(octets));

    /// <summary>Connects and sends once; the session's failure stands for all recipients.</summary>
    public static async Task<IReadOnlyList<RelayOutcome>> SendAsync(this IRelayConnector connector, RelayMessage message, NextHop? hop = null, bool isTlsNotRequired = false)
    {
        var connection = await connector.ConnectAsync(hop ?? Hop, message.Envelope.From, TlsRequiredField.Wish(message.Envelope, isTlsNotRequired), default).AsTask().WaitAsync(Hang);
        if (connection.Session is not { } session)
        {
            return [.. message.Envelope.Recipients.Select(_ => connection.Failure)];
        }

        await using (session)
        {
            return await session.SendAsync(message, default).AsTask().WaitAsync(Hang);
        }
    }
}
