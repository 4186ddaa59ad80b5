using System.Globalization;

namespace MailCore.Storage;

/// <summary>
/// The books of one mailbox as of one ModSeq, for stores over an application's own data: which UIDs there are and were, their flags,
/// dates and ModSeqs, all in memory. Answers what <see cref="IAccountStore"/> is asked of an account that has this mailbox alone, and
/// works out commits (<see cref="Apply"/>). Immutable: a store publishes a new one with each commit, and keeps it with its data, in JSON
/// or in whatever it has.
/// </summary>
/// <remarks>
/// Serves the traits of <see cref="StoreTraits.Writes"/>. Entries that left stay for ever, so that every question about the past has
/// an exact answer: not meant for more than some ten thousand messages.
/// </remarks>
public sealed partial class MailboxBook
{
    private AccountSnapshot? _snapshot;

    /// <summary>Books as they were left; see the properties.</summary>
    public MailboxBook(MailboxId id, uint uidValidity, ModSeq asOf, Uid recentFrom, IReadOnlyList<BookEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        (Id, UidValidity, AsOf, RecentFrom, Entries) = (id, uidValidity, asOf, recentFrom, entries);
    }

    /// <summary>Books of a new, empty mailbox. UIDVALIDITY is the second of its making: keep it as long as the UIDs mean what they mean.</summary>
    public static MailboxBook Create(MailboxId id, DateTimeOffset now) => new(id, (uint)now.ToUnixTimeSeconds(), new ModSeq(1), new Uid(1), []);

    /// <summary>The mailbox; it is the account's INBOX.</summary>
    public MailboxId Id { get; }

    /// <summary>RFC 9051 2.3.1.1.</summary>
    public uint UidValidity { get; }

    /// <summary>Of the last change.</summary>
    public ModSeq AsOf { get; }

    /// <summary>The first UID not yet claimed as \Recent.</summary>
    public Uid RecentFrom { get; }

    /// <summary>All messages that are and were, in UID order.</summary>
    public IReadOnlyList<BookEntry> Entries { get; }

    /// <summary>The message that has this UID, or had it.</summary>
    public BookEntry? Find(Uid uid) => IndexOf(Entries, uid) is >= 0 and var index ? Entries[index] : null;

    /// <summary>The books with one message more, which the application has added by itself; its UID is that of the last entry.</summary>
    /// <param name="size">Octets.</param>
    /// <param name="internalDate">Its date.</param>
    /// <param name="now">The date at which it came into the mailbox.</param>
    public MailboxBook Add(uint size, DateTimeOffset internalDate, DateTimeOffset now)
    {
        var draft = new Draft(this, now);
        draft.Add(SystemFlags.None, internalDate, size);
        return draft.ToBook();
    }

    /// <summary>For <see cref="IAccountStore.SnapshotAsync"/>.</summary>
    public AccountSnapshot Snapshot() => _snapshot ??= MakeSnapshot();

    /// <summary>For <see cref="IAccountStore.LoadAsync"/>.</summary>
    public MailboxLoad? Load(MailboxId mailbox) => mailbox == Id ? new MailboxLoad(AsOf, Snapshot().Mailboxes[0], Segments()) : null;

    /// <summary>For <see cref="IAccountStore.ChangesSinceAsync"/>.</summary>
    public ChangeSet ChangesSince(ModSeq since, MailboxId? scope, int limit)
    {
        var info = Snapshot().Mailboxes[0];
        if (since > AsOf || (scope ?? Id) != Id || (since >= info.HighestModSeq && since.Value > 0))
        {
            return new ChangeSet(AsOf, since > AsOf, default, [], [], false);
        }

        var changed = Entries.Where(entry => entry.ModSeq > since).ToLookup(static entry => entry.IsExpunged);
        return changed[false].Count() + changed[true].Count() > limit
            ? new ChangeSet(AsOf, true, default, [], [], false)
            : new ChangeSet(
                AsOf,
                false,
                default,
                [new MailboxDelta(info, Pack(changed[false]), [.. changed[true].Select(static entry => entry.Uid.Value)])],
                [],
                StructureChanged: since.Value == 0);
    }

    /// <summary>
    /// For <see cref="IAccountStore.ReadAsync"/>; <paramref name="content"/> says under which name a message's octets are opened. There
    /// are no prefixes and no summaries.
    /// </summary>
    public IReadOnlyList<MessageRow> Read(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, Func<BookEntry, ContentId> content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uids.Length, StorageLimits.UidsPerRead);
        ArgumentNullException.ThrowIfNull(content);
        var dates = fields.HasFlag(MessageFields.Dates);
        var rows = new List<MessageRow>();
        foreach (var uid in uids.Span)
        {
            if (mailbox == Id && Find(uid) is { } entry)
            {
                rows.Add(new MessageRow(
                    uid,
                    dates ? entry.InternalDate : default,
                    dates ? entry.SaveDate : default,
                    fields.HasFlag(MessageFields.EmailId) ? new EmailId(string.Create(CultureInfo.InvariantCulture, $"{Id}-{uid}")) : default,
                    fields.HasFlag(MessageFields.Content) ? content(entry) : default,
                    default,
                    default,
                    entry.IsExpunged));
            }
        }

        return rows;
    }

    private static int IndexOf(IReadOnlyList<BookEntry> entries, Uid uid)
    {
        int low = 0, high = entries.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = entries[middle].Uid.CompareTo(uid);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    private static ColumnSegment Pack(IEnumerable<BookEntry> entries)
    {
        BookEntry[] rows = [.. entries];
        return new ColumnSegment(
            Array.ConvertAll(rows, static entry => entry.Uid.Value),
            Array.ConvertAll(rows, static entry => (ulong)entry.Flags),
            Array.ConvertAll(rows, static entry => entry.ModSeq.Value),
            Array.ConvertAll(rows, static entry => entry.Size));
    }

    private AccountSnapshot MakeSnapshot()
    {
        var rows = Entries.Where(static entry => !entry.IsExpunged).ToList();
        var bytes = rows.Sum(static entry => (long)entry.Size);
        var inbox = new MailboxInfo(
            Id,
            MailboxName.Inbox.Value,
            UidValidity,
            new Uid(Entries is [.., { Uid.Value: < uint.MaxValue } last] ? last.Uid.Value + 1 : Entries is [] ? 1 : uint.MaxValue),
            Entries.Select(static entry => entry.ModSeq).DefaultIfEmpty(new ModSeq(1)).Max(),
            rows.Count,
            rows.Count(static entry => !entry.Flags.HasFlag(SystemFlags.Seen)),
            rows.Count(static entry => entry.Flags.HasFlag(SystemFlags.Deleted)),
            bytes,
            RecentFrom,
            []);
        return new AccountSnapshot(AsOf, [inbox], [], bytes, null);
    }

    private async IAsyncEnumerable<ColumnSegment> Segments()
    {
        await ValueTask.CompletedTask;
        foreach (var chunk in Entries.Where(static entry => !entry.IsExpunged).Chunk(StorageLimits.RowsPerSegment))
        {
            yield return Pack(chunk);
        }
    }
}

/// <summary>A message in a <see cref="MailboxBook"/>.</summary>
/// <param name="Uid">Never used again.</param>
/// <param name="Flags">There are no keywords.</param>
/// <param name="ModSeq">Of the commit that added it, changed its flags last, or expunged it.</param>
/// <param name="Size">Octets, which never change.</param>
/// <param name="InternalDate">RFC 9051 2.3.3.</param>
/// <param name="SaveDate">When it was added.</param>
public sealed record BookEntry(Uid Uid, SystemFlags Flags, ModSeq ModSeq, uint Size, DateTimeOffset InternalDate, DateTimeOffset SaveDate)
{
    /// <inheritdoc cref="AppendMessage.DeliveryKey"/>
    public string? DeliveryKey { get; init; }

    /// <summary>No longer in the mailbox. Its content must stay readable for 35 minutes; the entry stays.</summary>
    public bool IsExpunged { get; init; }
}
