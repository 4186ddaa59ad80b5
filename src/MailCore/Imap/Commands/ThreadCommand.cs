using MailCore.Imap.Sorting;
using MailCore.Imap.Threads;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5256 3.</summary>
internal sealed class ThreadCommand(ThreadAlgorithm algorithm, SearchKey key, bool areUids) : ImapCommand
{
    // Messages linked between two looks at whether the client is still there.
    private const int BreathSize = 16 * 1024;

    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        using var messages = session.Selection!.OpenKeys(MessageThreads.KindsOf(algorithm));
        var (plan, refusal) = await FoundMessages.ScanAsync(session, SearchReturnOptions.Plain, key, new MessageScan(session, messages));
        if (plan is null)
        {
            return refusal;
        }

        using var threads = MessageThreads.Create(algorithm, messages);
        while (!threads.Advance(BreathSize))
        {
            await session.BreatheAsync();
        }

        using var tree = threads.Build();
        await new ThreadWriter(session, threads, areUids).WriteAsync(tree);
        return ImapReply.Ok("Threaded");
    }

    private static ThreadCommand Parse(ref ImapReader reader, bool areUids)
    {
        reader.Space();
        var algorithm = reader.ThreadAlgorithm();
        reader.Space();
        reader.SearchCharset();
        reader.Space();
        var key = reader.SearchKeys();
        reader.End();
        return new ThreadCommand(algorithm, key, areUids);
    }
}
