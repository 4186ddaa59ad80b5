using MailCore.Imap.Sorting;
using MailCore.Mime;

namespace MailCore.Imap.Threads;

/// <summary>ORDEREDSUBJECT (RFC 5256 3): messages about the same, the first sent being the parent of all the others.</summary>
internal sealed class SubjectThreads : MessageThreads
{
    private readonly TextColumn _subjects = new();

    public override long Size => base.Size + _subjects.Size;

    public override ThreadTree Build()
    {
        var firsts = new Dictionary<int, int>(new TextColumnComparer(_subjects));
        var parents = new int[Count];
        var order = InOrderOfTime();
        foreach (var message in order)
        {
            parents[message] = firsts.TryAdd(message, message) ? -1 : firsts[message];
        }

        return ThreadTree.From(parents, order);
    }

    protected override void Add(EnvelopeView envelope)
    {
        envelope.TryGet(EnvelopeFields.Subject, out var subject);
        _subjects.AddSubject(subject);
    }
}
