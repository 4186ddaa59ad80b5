using System.Text;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Testing.Storage;

namespace MailCore.Testing.Relay;

/// <summary>A queue with shorthands, for tests of a queue's own.</summary>
public sealed class QueueProbe(IQueueConformanceTarget target)
{
    /// <summary>How long after its first attempt an item is due again.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMinutes(5);

    private int _messages;

    /// <summary>The queue.</summary>
    public IRelayQueue Queue => target.Queue;

    /// <summary>Its clock.</summary>
    public ManualTimeProvider Clock => target.Clock;

    /// <summary>The time by its clock.</summary>
    public DateTimeOffset Now => target.Clock.GetUtcNow();

    /// <inheritdoc cref="IQueueConformanceTarget.ReopenAsync"/>
    public ValueTask<bool> ReopenAsync() => target.ReopenAsync();

    /// <summary>The content of the message of this id.</summary>
    public static string Text(string queueId) => $"Subject: {queueId}\r\n\r\n{queueId}\r\n";

    /// <summary>An entry for recipients at their domains; an address without one stands for a mailbox of ours.</summary>
    public QueueEntry Entry(string to, string from = "anna@example.org", Func<QueueEntry, QueueEntry>? alter = null)
    {
        var recipients = to.Split(' ').Select(static address => new QueueRecipient(
            new Recipient(EmailAddress.Parse(address)), address.EndsWith("@ours.example", StringComparison.Ordinal) ? null : NextHop.Domain(address.Split('@')[1])));
        var entry = new QueueEntry
        {
            QueueId = $"Q{++_messages:D15}",
            Session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org" },
            Envelope = new Envelope(from.Length == 0 ? ReversePath.Null : new ReversePath(EmailAddress.Parse(from))),
            Recipients = [.. recipients],
            AcceptedAt = Now,
        };
        return alter?.Invoke(entry) ?? entry;
    }

    /// <summary>Enqueues a new entry and returns its id.</summary>
    public async Task<string> AddAsync(string to, string from = "anna@example.org", Func<QueueEntry, QueueEntry>? alter = null)
    {
        var entry = Entry(to, from, alter);
        await AddAsync(entry);
        return entry.QueueId;
    }

    /// <summary>Enqueues an entry.</summary>
    public async Task AddAsync(QueueEntry entry)
    {
        await using var content = new BufferedContent(new ContentId("test"), Encoding.UTF8.GetBytes(Text(entry.QueueId)));
        await Queue.EnqueueAsync(entry, content, CancellationToken.None);
    }

    /// <summary>Leases what is due.</summary>
    public ValueTask<IReadOnlyList<QueueLease>> LeaseAsync(QueueLane lane = QueueLane.Remote, int max = 100, int each = 100, Func<LeaseRequest, LeaseRequest>? alter = null)
    {
        var request = new LeaseRequest { Lane = lane, Max = max, MaxPerDestination = each, Delay = attempt => Delay * attempt };
        return Queue.LeaseAsync(alter?.Invoke(request) ?? request, CancellationToken.None);
    }

    /// <summary>Leases the only item that is due.</summary>
    public async Task<QueueLease> LeaseOneAsync(QueueLane lane = QueueLane.Remote) => (await LeaseAsync(lane)).Only("leases");

    /// <summary>Ends leases.</summary>
    public ValueTask CompleteAsync(params LeaseResult[] results) => Queue.CompleteAsync(results, CancellationToken.None);

    /// <summary>The content; null when it is gone.</summary>
    public async Task<string?> ReadAsync(QueueLease lease)
    {
        if (await Queue.OpenContentAsync(lease, CancellationToken.None) is not { } reader)
        {
            return null;
        }

        await using (reader)
        {
            var octets = new byte[reader.Length];
            var count = await reader.ReadAsync(0, octets, CancellationToken.None);
            return Encoding.UTF8.GetString(octets, 0, count);
        }
    }

    /// <summary>What waits.</summary>
    public async Task<IReadOnlyList<QueuedItem>> ListAsync(QueueFilter? filter = null) => await Queue.ListAsync(filter ?? QueueFilter.All, CancellationToken.None);

    /// <summary>Does as an operator.</summary>
    public async Task<int> ChangeAsync(QueueAction action, QueueFilter? filter = null) => await Queue.ChangeAsync(filter ?? QueueFilter.All, action, CancellationToken.None);
}
