using MailCore.Imap.Sorting;
using MailCore.Imap.Threads;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5256 3.</summary>
internal sealed class ThreadCommand(ThreadAlgorithm algorithm, SearchKey key, bool areUids) : ImapCommand
{
    public override bool MayExpunge => areUids;

    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        MessageThreads threads = algorithm == ThreadAlgorithm.OrderedSubject
            ? new SubjectThreads()
            : new ReferenceThreads(usesSubjects: algorithm == ThreadAlgorithm.References);
        var scan = new MessageScan(session, MessageThreads.Fields, threads.Add);
        var (plan, refusal) = await FoundMessages.ScanAsync(session, SearchReturnOptions.Plain, key, scan);
        if (plan is null)
        {
            return refusal;
        }

        await new ThreadWriter(session, threads, areUids).WriteAsync(threads.Build());
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
