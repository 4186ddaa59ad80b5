using System.Collections.Concurrent;
using System.Text;
using MailCore.Messaging;
using MailCore.Relay;

namespace MailCore.Tests.Relay.Queue;

/// <summary>Other servers: each host does as it is told, and what they took is remembered.</summary>
internal sealed class FakeConnector : IRelayConnector
{
    private int _open;

    /// <summary>What a connection waits for.</summary>
    public Func<NextHop, Task> OnDial { get; set; } = static _ => Task.CompletedTask;

    /// <summary>What happens to a connection; a null reply makes a session.</summary>
    public Func<NextHop, SmtpReply?> OnConnect { get; set; } = static _ => null;

    /// <summary>What a server says of a recipient.</summary>
    public Func<NextHop, Recipient, SmtpReply> OnRecipient { get; set; } = static (_, _) => SmtpReply.Ok;

    /// <summary>What a transaction waits for.</summary>
    public Func<NextHop, Task> OnSend { get; set; } = static _ => Task.CompletedTask;

    public ConcurrentQueue<(string QueueId, NextHop Hop, string Recipients, string Content, ReversePath From)> Sent { get; } = [];

    public ConcurrentDictionary<string, int> Connections { get; } = new();

    /// <summary>What the messages of each connection wished for.</summary>
    public ConcurrentQueue<MessageTls> Wishes { get; } = [];

    public int MostOpen { get; private set; }

    public int Total => Connections.Values.Sum();

    public NextHop FindHop(ReversePath sender, EmailAddress recipient) => NextHop.Domain(recipient.Domain);

    public string SessionKey(NextHop hop, ReversePath sender, MessageTls wish) => $"{hop} {wish}";

    public async ValueTask<RelayConnection> ConnectAsync(NextHop hop, ReversePath sender, MessageTls wish, CancellationToken cancellationToken)
    {
        Wishes.Enqueue(wish);
        Connections.AddOrUpdate(hop.Host, 1, static (_, count) => count + 1);
        await OnDial(hop).WaitAsync(cancellationToken);
        if (OnConnect(hop) is { } refusal)
        {
            return new RelayConnection(null, new RelayOutcome(refusal.IsTransient ? RelayStatus.Deferred : RelayStatus.Failed, refusal) { ConcernsHop = true });
        }

        lock (Sent)
        {
            MostOpen = Math.Max(MostOpen, ++_open);
        }

        return new RelayConnection(new Session(this, hop), null!);
    }

    private sealed class Session(FakeConnector server, NextHop hop) : RelaySession
    {
        public override string RemoteName => "mx." + hop.Host;

        public override bool IsUsable => true;

        public override async ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(RelayMessage message, CancellationToken cancellationToken)
        {
            await server.OnSend(hop).WaitAsync(cancellationToken);
            var outcomes = message.Envelope.Recipients.Select(recipient => server.OnRecipient(hop, recipient) is var reply && reply.IsPositive
                ? new RelayOutcome(RelayStatus.Sent, reply, RemoteName)
                : new RelayOutcome(reply.IsTransient ? RelayStatus.Deferred : RelayStatus.Failed, reply, RemoteName)).ToList();
            var taken = message.Envelope.Recipients.Where((_, i) => outcomes[i].Status == RelayStatus.Sent).ToList();
            if (taken.Count > 0)
            {
                using var content = new MemoryStream();
                await message.Content.AsStream().CopyToAsync(content, cancellationToken);
                server.Sent.Enqueue((message.QueueId, hop, string.Join(' ', taken), Encoding.UTF8.GetString(content.ToArray()), message.Envelope.From));
            }

            return outcomes;
        }

        public override ValueTask DisposeAsync()
        {
            lock (server.Sent)
            {
                server._open--;
            }

            return default;
        }
    }
}
