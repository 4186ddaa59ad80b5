using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using MailCore.Mime;
using MailCore.Storage;

namespace CustomStore;

/// <summary>Tickets as messages: an APPEND opens one, flags are its state, an EXPUNGE closes it.</summary>
public sealed class TicketStore(string folder, TimeProvider time) : IMailStore
{
    private readonly ConcurrentDictionary<AccountId, Desk> _desks = new();

    public StoreTraits Traits => StoreTraits.Writes;

    public Desk Desk(AccountId account) => _desks.GetOrAdd(account, id => new Desk(id, folder, time));

    public ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) => new(Desk(account));

    public async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken) =>
        await BufferedContent.ReadAsync(bytes, new ContentId("staged"), cancellationToken);

    public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) => new(
        id.Value.Split('.', 2) is [var number, var account] && _desks.TryGetValue(new AccountId(account), out var desk) && desk.Find(number) is { } ticket
            ? BufferedContent.Reader(ticket.ToMessage())
            : null);

    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new([.. batches.Select(batch => Desk(batch.Account).Commit(batch.Changes))]);
    }
}

/// <summary>One account. Readers see the list published last; writers take turns under the lock.</summary>
public sealed class Desk : IAccountStore
{
    private readonly Lock _lock = new();
    private readonly AccountId _account;
    private readonly string _file;
    private readonly TimeProvider _time;
    private volatile TicketList _list;

    public Desk(AccountId account, string folder, TimeProvider time)
    {
        (_account, _time) = (account, time);
        _file = Path.Combine(folder, Convert.ToHexString(Encoding.UTF8.GetBytes(account.Value)) + ".json");
        _list = TicketList.Read(_file, time.GetUtcNow());
    }

    public TicketList List => _list;

    public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken) => new(_list.Book.Snapshot());

    public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken) => new(_list.Book.Load(mailbox));

    public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken) =>
        new(_list.Book.ChangesSince(since, scope, limit));

    public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken) =>
        new(_list.Book.Read(mailbox, uids, fields, entry => new ContentId($"{entry.Uid}.{_account}")));

    public Ticket? Find(string number) => _list.Tickets.FirstOrDefault(ticket => ticket.Number.ToString() == number);

    /// <summary>What clients do.</summary>
    public CommitResult Commit(IReadOnlyList<StoreChange> changes)
    {
        lock (_lock)
        {
            var tickets = _list.Tickets.ToList();
            var result = _list.Book.Apply(changes, _time.GetUtcNow(), Open, out var book);
            Publish(book, tickets);
            return result;

            uint Open(AppendMessage message, Uid uid)
            {
                tickets.Add(ToTicket(message, uid));
                return (uint)tickets[^1].ToMessage().Length;
            }
        }
    }

    /// <summary>What the rest of the application does; raise the change signal with what this returns.</summary>
    public ModSeq Open(string title, string text)
    {
        lock (_lock)
        {
            var ticket = new Ticket((uint)_list.Tickets.Count + 1, title, text, _time.GetLocalNow());
            var book = _list.Book.Add((uint)ticket.ToMessage().Length, ticket.Opened, ticket.Opened);
            Publish(book, [.. _list.Tickets, ticket]);
            return book.AsOf;
        }
    }

    private static Ticket ToTicket(AppendMessage message, Uid uid)
    {
        var octets = ((BufferedContent)message.Content).Octets.Span;
        var isMail = MessageSummary.TryDecode(message.Summary, out var summary);
        return new Ticket(
            uid.Value,
            isMail ? summary!.Envelope.DecodedSubject ?? "No title" : "No title",
            Encoding.UTF8.GetString(isMail ? octets[(int)summary!.Root.BodyOffset..] : octets),
            message.InternalDate);
    }

    private void Publish(MailboxBook book, IReadOnlyList<Ticket> tickets)
    {
        if (book != _list.Book)
        {
            var list = new TicketList(book, tickets);
            list.Write(_file);
            _list = list;
        }
    }
}
