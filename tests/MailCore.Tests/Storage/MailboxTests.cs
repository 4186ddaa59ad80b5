using System.IO.Pipelines;
using System.Text;
using MailCore.Storage;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MailboxTests
{
    private readonly StoreFixture _store = new();

    [Test]
    public async Task A_message_is_appended_and_read_back_with_its_prefix()
    {
        var inbox = await _store.InboxAsync();
        var options = new AppendOptions { Flags = SystemFlags.Seen, Keywords = ["k"], Prefix = "Return-Path: <>\r\n"u8.ToArray() };
        using var stream = new MemoryStream("Subject: x\r\n\r\nbody"u8.ToArray());
        var result = await inbox.AppendAsync(stream, options);
        Assert.That(result.Succeeded, Is.True);
        Assert.That(result.UidValidity, Is.EqualTo((await inbox.GetInfoAsync())!.UidValidity));
        Assert.That(stream.CanRead, Is.True, "The stream is left open.");

        var row = (await inbox.ReadBatchAsync(result.Uids.ToArray(), MessageFields.All))[0];
        Assert.That(row.InternalDate, Is.EqualTo(_store.Clock.GetUtcNow()));
        await using var content = (await inbox.OpenContentAsync(row))!;
        using var reader = new StreamReader(content.AsStream());
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("Return-Path: <>\r\nSubject: x\r\n\r\nbody"));
    }

    [Test]
    public async Task Several_messages_are_appended_all_or_none()
    {
        var inbox = await _store.InboxAsync();
        await inbox.Account.SetQuotaAsync(30);
        await using var first = await _store.Accounts.StageAsync(PipeReader.Create(new MemoryStream(new byte[20])), default);
        await using var second = await _store.Accounts.StageAsync(PipeReader.Create(new MemoryStream(new byte[20])), default);
        var refused = await inbox.AppendAsync([new MessageToAppend(first, AppendOptions.Default), new MessageToAppend(second, AppendOptions.Default)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Succeeded, Is.False);
            Assert.That(refused.Error, Is.EqualTo(CommitError.OverQuota));
            Assert.That(refused.FailedAt, Is.EqualTo(1));
            Assert.That(refused.Uids, Is.Empty);
            Assert.That((await inbox.GetInfoAsync())!.Messages, Is.Zero);
        }

        await inbox.Account.SetQuotaAsync(null);
        var taken = await inbox.AppendAsync([new MessageToAppend(first, AppendOptions.Default), new MessageToAppend(second, AppendOptions.Default)]);
        Assert.That(taken.Uids, Is.EqualTo(Uids(1, 2)));
    }

    [Test]
    public async Task A_stream_that_breaks_appends_nothing()
    {
        var inbox = await _store.InboxAsync();
        Assert.That(async () => await inbox.AppendAsync(new BreakingStream()), Throws.TypeOf<IOException>());
        Assert.That((await inbox.GetInfoAsync())!.Messages, Is.Zero);
        Assert.That(_store.Memory.ContentCount, Is.Zero);
    }

    [Test]
    public async Task A_delivery_key_that_was_seen_gives_the_uid_of_the_first_time()
    {
        var inbox = await _store.InboxAsync();
        var options = new AppendOptions { DeliveryKey = "Q1" };
        var first = await AppendAsync(inbox, options: options);
        Assert.That(await AppendAsync(inbox, options: options), Is.EqualTo(first));
        await inbox.RemoveAsync([first]);
        Assert.That(await AppendAsync(inbox, options: options), Is.EqualTo(default(Uid)));
    }

    [Test]
    public async Task Flags_are_changed_and_refusals_are_results()
    {
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 3);
        var first = await inbox.SetFlagsAsync(Uids(2), new FlagChange(FlagMode.Add, SystemFlags.Seen));
        var second = await inbox.SetFlagsAsync(
            Uids(1, 2, 3, 9), new FlagChange(FlagMode.Add, SystemFlags.Flagged) { UnchangedSince = new ModSeq(first.ModSeq!.Value.Value - 1) });
        Assert.That(second.Changed, Is.EqualTo(Uids(1, 3)));
        Assert.That(second.Refused, Is.EqualTo(Uids(2)));
        var none = await inbox.SetFlagsAsync([], new FlagChange(FlagMode.Add, SystemFlags.Flagged));
        Assert.That((none.Succeeded, none.ModSeq, none.Changed.Count), Is.EqualTo((true, default(ModSeq?), 0)));
    }

    [Test]
    public async Task Expunge_asks_for_deleted_and_remove_does_not()
    {
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 3);
        await inbox.SetFlagsAsync(Uids(2), new FlagChange(FlagMode.Add, SystemFlags.Deleted));
        Assert.That((await inbox.ExpungeAsync(Uids(1, 2))).Expunged, Is.EqualTo(Uids(2)));
        Assert.That((await inbox.RemoveAsync(Uids(1, 2))).Expunged, Is.EqualTo(Uids(1)));
    }

    [Test]
    public async Task Messages_are_copied_and_moved()
    {
        var inbox = await _store.InboxAsync();
        var work = (await inbox.Account.CreateMailboxAsync(MailboxName.Parse("Work"))).Mailbox!;
        await _store.FillAsync(inbox, 3);
        var copied = await inbox.CopyAsync(Uids(3, 7, 1), work.Id);
        Assert.That(copied.UidValidity, Is.EqualTo((await work.GetInfoAsync())!.UidValidity));
        Assert.That(copied.SourceUids, Is.EqualTo(Uids(3, 1)));
        Assert.That(copied.NewUids, Is.EqualTo(Uids(1, 2)));
        Assert.That((await inbox.MoveAsync(Uids(2), work.Id)).NewUids, Is.EqualTo(Uids(3)));
        Assert.That((await inbox.GetInfoAsync())!.Messages, Is.EqualTo(2));
        var nowhere = await inbox.CopyAsync(Uids(1), new MailboxId("nowhere"));
        Assert.That((nowhere.Error, nowhere.UidValidity, nowhere.NewUids.Count), Is.EqualTo((CommitError.NoMailbox, 0u, 0)));
    }

    [Test]
    public async Task Reading_goes_in_batches()
    {
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 1000);
        await inbox.RemoveAsync(Uids(500));
        _store.Clock.Advance(TimeSpan.FromHours(1));
        var read = new List<Uid>();
        await foreach (var row in inbox.ReadAsync(Uids([.. Enumerable.Range(1, 1000).Reverse(), 5000]), MessageFields.Dates))
        {
            read.Add(row.Uid);
        }

        Assert.That(read, Is.EqualTo(Uids(Enumerable.Range(1, 1000).Reverse().Where(static uid => uid != 500))));
    }

    [Test]
    public async Task A_mailbox_that_is_gone_answers_in_values()
    {
        var account = await _store.AccountAsync();
        var work = (await account.CreateMailboxAsync(MailboxName.Parse("Work"))).Mailbox!;
        Assert.That((await account.DeleteMailboxAsync(work.Id)).Succeeded, Is.True);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await work.AppendAsync(new MemoryStream())).Error, Is.EqualTo(CommitError.NoMailbox));
            Assert.That((await work.SetFlagsAsync(Uids(1), new FlagChange(FlagMode.Add, SystemFlags.Seen))).Error, Is.EqualTo(CommitError.NoMailbox));
            Assert.That((await work.ExpungeAsync(Uids(1))).Error, Is.EqualTo(CommitError.NoMailbox));
            Assert.That(await work.ClaimRecentAsync(), Is.Null);
            Assert.That(await work.GetInfoAsync(), Is.Null);
            Assert.That(await work.PutSummaryAsync(new Uid(1), default), Is.False);
            Assert.That((await account.DeleteMailboxAsync(work.Id)).Error, Is.EqualTo(CommitError.NoMailbox));
            Assert.That((await account.RenameMailboxAsync(work.Id, MailboxName.Parse("x"))).Mailbox, Is.Null);
        }
    }

    [Test]
    public async Task Mailboxes_are_found_by_name()
    {
        var account = await _store.AccountAsync();
        var made = await account.CreateMailboxAsync(MailboxName.Parse("Sent/2025"), "\\Sent");
        Assert.That((await account.FindMailboxAsync(MailboxName.Parse("Sent/2025")))!.Id, Is.EqualTo(made.Mailbox!.Id));
        Assert.That(await account.FindMailboxAsync(MailboxName.Parse("sent/2025")), Is.Null);
        Assert.That((await account.CreateMailboxAsync(MailboxName.Parse("inbox"))).Error, Is.EqualTo(CommitError.MailboxExists));
        var inbox = (await account.FindMailboxAsync(MailboxName.Parse("iNbOx")))!.Id;
        Assert.That((await account.FindMailboxAsync(MailboxName.Inbox))!.Id, Is.EqualTo(inbox));
        var renamed = await account.RenameMailboxAsync(made.Mailbox.Id, MailboxName.Parse("Old"));
        Assert.That((await account.FindMailboxAsync(MailboxName.Parse("Old")))!.Id, Is.EqualTo(renamed.Mailbox!.Id));
    }

    [Test]
    public async Task Content_is_read_by_offset_across_the_prefix()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox, "content", new AppendOptions { Prefix = "prefix-"u8.ToArray() });
        await using var content = (await inbox.OpenContentAsync((await inbox.ReadBatchAsync(new[] { uid }, MessageFields.Content))[0]))!;
        Assert.That(content.Length, Is.EqualTo(14));
        var whole = "prefix-content";
        for (var from = 0; from <= 16; from++)
        {
            for (var length = 0; length <= 16; length++)
            {
                var pipe = new Pipe();
                var written = await content.CopyToAsync(pipe.Writer, from, length);
                await pipe.Writer.CompleteAsync();
                using var reader = new StreamReader(pipe.Reader.AsStream());
                var expected = from >= 14 ? "" : whole.Substring(from, Math.Min(length, 14 - from));
                Assert.That(await reader.ReadToEndAsync(), Is.EqualTo(expected));
                Assert.That(written, Is.EqualTo(expected.Length));
            }
        }

        Assert.That(await content.ReadAsync(14, new byte[1]), Is.Zero);
        Assert.That(async () => await content.ReadAsync(-1, new byte[1]), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_copy_into_a_pipe_without_reader_stops()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox, new string('x', 500_000));
        await using var content = (await inbox.OpenContentAsync((await inbox.ReadBatchAsync(new[] { uid }, MessageFields.Content))[0]))!;
        var pipe = new Pipe();
        await pipe.Reader.CompleteAsync();
        Assert.That(await content.CopyToAsync(pipe.Writer, 0, long.MaxValue), Is.LessThan(500_000));
    }

    [Test]
    public async Task A_content_stream_seeks()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox, "0123456789");
        var content = (await inbox.OpenContentAsync((await inbox.ReadBatchAsync(new[] { uid }, MessageFields.Content))[0]))!;
        await using var stream = content.AsStream();
        stream.Seek(-3, SeekOrigin.End);
        Assert.That(stream.ReadByte(), Is.EqualTo('7'));
        stream.Position = 2;
        var buffer = new byte[4];
        Assert.That(stream.Read(buffer, 0, 4), Is.EqualTo(4));
        Assert.That(Encoding.ASCII.GetString(buffer), Is.EqualTo("2345"));
        Assert.That(stream.Seek(1, SeekOrigin.Current), Is.EqualTo(7));
        Assert.That(stream.Length, Is.EqualTo(10));
        Assert.That(stream.CanWrite, Is.False);
    }

    private sealed class BreakingStream : MemoryStream
    {
        private bool _broken;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_broken)
            {
                throw new IOException("The file is gone.");
            }

            _broken = true;
            buffer.Span.Clear();
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
