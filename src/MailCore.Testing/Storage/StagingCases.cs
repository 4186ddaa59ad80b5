using System.IO.Pipelines;
using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class StagingCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Staged_octets_can_be_read_again_and_again_before_the_commit),
        Case(A_slow_pipe_is_read_to_its_end),
        Case(A_pipe_that_breaks_leaves_nothing_behind),
        Case(A_cancelled_staging_leaves_nothing_behind),
        Case(Staged_content_that_nobody_takes_is_dropped),
        Case(Taken_content_survives_the_disposal_of_its_staging, StoreTraits.FaithfulContent),
        Case(A_stalled_pipe_stalls_nobody_else),
    ];

    private static async Task<int?> CountAsync(StoreProbe s)
    {
        await s.InboxAsync();
        return await s.Target.CountContentsAsync();
    }

    private static async Task Staged_octets_can_be_read_again_and_again_before_the_commit(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        foreach (var size in new[] { 0, 100, 70_000, 1_000_000 })
        {
            var octets = ContentCases.Octets(size, size);
            await using var staged = await s.StageAsync(octets);
            for (var i = 0; i < 3; i++)
            {
                await using var reader = await staged.OpenAsync(default);
                Check.Octets(octets, await StoreProbe.ReadAllAsync(reader), "Staged octets");
            }

            await using var early = await staged.OpenAsync(default);
            await s.DoAsync(StoreProbe.Message(inbox, staged));
            Check.Octets(octets, await StoreProbe.ReadAllAsync(early), "Octets by a reader opened before the commit");
            await using var late = await staged.OpenAsync(default);
            Check.Octets(octets, await StoreProbe.ReadAllAsync(late), "Staged octets after the commit");
        }
    }

    private static async Task A_slow_pipe_is_read_to_its_end(StoreProbe s)
    {
        var octets = ContentCases.Octets(3000, 5);
        var pipe = new Pipe();
        var staging = s.Store.StageAsync(pipe.Reader, new StageHint(3000, []), default).AsTask();
        foreach (var octet in octets)
        {
            await pipe.Writer.WriteAsync(new[] { octet });
        }

        await pipe.Writer.CompleteAsync();
        await using var staged = await staging;
        await using var reader = await staged.OpenAsync(default);
        Check.Octets(octets, await StoreProbe.ReadAllAsync(reader), "Octets written one by one");
    }

    private static async Task A_pipe_that_breaks_leaves_nothing_behind(StoreProbe s)
    {
        var before = await CountAsync(s);
        foreach (var size in new[] { 0, 1, 5000, 70_000, 2_000_000 })
        {
            var broken = new IOException("The client is gone.");
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            await pipe.Writer.WriteAsync(new byte[size]);
            var staging = s.Store.StageAsync(pipe.Reader, new StageHint(size * 2L, []), default).AsTask();
            await pipe.Writer.CompleteAsync(broken);
            try
            {
                await staging;
                throw new ConformanceException("Staging from a broken pipe succeeded.");
            }
            catch (IOException e)
            {
                Check.That(ReferenceEquals(e, broken), "The reader's exception was replaced.");
            }
        }

        Check.Equal(before, await CountAsync(s), "Contents kept");
    }

    private static async Task A_cancelled_staging_leaves_nothing_behind(StoreProbe s)
    {
        var before = await CountAsync(s);
        foreach (var size in new[] { 0, 100, 2_000_000 })
        {
            foreach (var byToken in new[] { true, false })
            {
                using var cancel = new CancellationTokenSource();
                var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
                await pipe.Writer.WriteAsync(new byte[size]);
                var staging = s.Store.StageAsync(pipe.Reader, default, cancel.Token).AsTask();
                await (byToken ? cancel.CancelAsync() : Task.Run(pipe.Reader.CancelPendingRead));
                try
                {
                    await staging;
                    throw new ConformanceException("A cancelled staging succeeded.");
                }
                catch (OperationCanceledException)
                {
                    // Expected.
                }
            }
        }

        Check.Equal(before, await CountAsync(s), "Contents kept");
    }

    private static async Task Staged_content_that_nobody_takes_is_dropped(StoreProbe s)
    {
        var before = await CountAsync(s);
        foreach (var size in new[] { 0, 100, 2_000_000 })
        {
            var staged = await s.StageAsync(new byte[size]);
            var id = staged.Id;
            await staged.DisposeAsync();
            await staged.DisposeAsync();
            Check.That(await s.Store.OpenContentAsync(id, default) is null, "Dropped content can be opened.");
        }

        Check.Equal(before, await CountAsync(s), "Contents kept");
    }

    private static async Task Taken_content_survives_the_disposal_of_its_staging(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        foreach (var size in new[] { 0, 100, 2_000_000 })
        {
            var octets = ContentCases.Octets(size, 9);
            var staged = await s.StageAsync(octets);
            var (length, id) = (staged.Length, staged.Id);
            var uid = (await s.DoAsync(StoreProbe.Message(inbox, staged))).NewUids[0];
            await staged.DisposeAsync();
            Check.Equal(length, (await s.LoadAsync(inbox)).Row(uid).Size, "Size");
            Check.Octets(octets, await s.ContentAsync(id), "Content by the name it was staged under");
        }
    }

    private static async Task A_stalled_pipe_stalls_nobody_else(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var stalled = new Pipe();
        await stalled.Writer.WriteAsync(new byte[10]);
        var staging = s.Store.StageAsync(stalled.Reader, new StageHint(1_000_000, []), default).AsTask();
        for (var i = 0; i < 10; i++)
        {
            await s.AppendAsync(inbox);
            await s.LoadAsync(inbox);
        }

        Check.That(!staging.IsCompleted, "Staging ended before its pipe.");
        await stalled.Writer.CompleteAsync();
        await using var staged = await staging;
        Check.Equal(10L, staged.Length, "Octets staged");
    }
}
