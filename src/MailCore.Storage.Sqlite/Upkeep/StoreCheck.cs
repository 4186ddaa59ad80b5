using System.Globalization;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>
/// Reads all there is and says what does not fit. A server may write meanwhile: so each question is one statement, and what concerns a
/// message is asked again before it is called a problem.
/// </summary>
internal sealed class StoreCheck(StoreConnection db, string folder, IProgress<WorkProgress>? progress, CancellationToken cancellationToken)
{
    private const int MaxProblems = 1000;

    private static readonly Sql SelectExists = new("SELECT 1 FROM message WHERE id = ?1");
    private static readonly Sql SelectFiles = new("SELECT settled FROM store");
    private static readonly Sql SelectKnownFile = new("SELECT 1 FROM content WHERE id = ?1 AND data IS NULL UNION ALL SELECT 1 FROM garbage WHERE content = ?1");

    private readonly ContentFolder _contents = ContentFolder.OpenExisting(folder);
    private readonly List<StoreProblem> _problems = [];
    private long _count;
    private long _messages;
    private long _unhashed;

    public StoreCheckReport Run()
    {
        var verifier = new ContentVerifier(db, _contents);
        Try("the database", CheckStructure);
        Try("the messages", () => CheckMessages(verifier));
        foreach (var question in Consistency.Questions)
        {
            Try(question.Where, () => Ask(question));
        }

        Try("the message files", CheckFiles);
        return new StoreCheckReport(_messages, verifier.OctetsRead, _unhashed, _count, _problems);
    }

    private void Report(string where, string what)
    {
        if (_count++ < MaxProblems)
        {
            _problems.Add(new StoreProblem(where, what));
        }
    }

    // A damaged page ends one part of the check; the others may still tell something.
    private void Try(string where, Action part)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            part();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Report(where, e.Message);
        }
    }

    private void CheckStructure()
    {
        progress?.Report(new WorkProgress("Checking the database", 0, 0));
        using var row = db.Use(new Sql("PRAGMA integrity_check(100)"));
        while (row.Step())
        {
            if (row.Text(0) is not "ok" and var problem)
            {
                Report("mail.db", problem);
            }
        }
    }

    private void CheckMessages(ContentVerifier verifier)
    {
        var total = MessagePages.CountAll(db);
        foreach (var page in MessagePages.ReadAll(db))
        {
            foreach (var message in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Check(verifier, message);
            }

            progress?.Report(new WorkProgress("Checking messages", _messages, Math.Max(total, _messages)));
        }
    }

    private void Check(ContentVerifier verifier, MessageDetail message)
    {
        _messages++;
        var content = verifier.Verify(message.Content);
        _unhashed += content is { HasHash: false } ? 1 : 0;
        var problem = content is null ? "its octets are not in the database"
            : content.Problem
            ?? (IsSummaryOf(content, message) ? null : "its index entry does not fit its octets; rebuild the index");
        if (problem is not null && db.Use(SelectExists).With(message.Id).Scalar() is not null)
        {
            Report(MessagePages.Place(db, message.Id), problem);
        }
    }

    // Without one it is made when it is first asked for; one of another version is made anew then.
    private static bool IsSummaryOf(VerifiedContent content, MessageDetail message) =>
        message.Summary.Length == 0 || message.Summary[0] != content.Summary.Span[0] || content.Summary.Span.SequenceEqual(message.Summary);

    private void Ask(Question question)
    {
        progress?.Report(new WorkProgress($"Checking {question.Where}", 0, 0));
        using var row = db.Use(question.Sql);
        while (row.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            Report(row.Text(0), string.Format(CultureInfo.InvariantCulture, question.What, row.TextOrNull(1)));
        }
    }

    private void CheckFiles()
    {
        progress?.Report(new WorkProgress("Checking message files", 0, 0));
        // Later ones may be on their way in, and are swept at the next opening otherwise.
        var settled = db.Use(SelectFiles).Scalar() ?? 0;
        foreach (var (id, path) in _contents.List())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (id < settled && db.Use(SelectKnownFile).With(id).Scalar() is null && File.Exists(path))
            {
                Report(path, "no message uses this file");
            }
        }
    }
}
