using MailCore.Tests.Scripts;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>The commands (6) and response codes (7.1) of RFC 9051, each with the script that shows it; docs/imap.md tells which are never sent, and why.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Rfc9051Tests
{
    [TestCase("CAPABILITY", "literal-minus")]
    [TestCase("NOOP", "two-sessions-condstore")]
    [TestCase("LOGOUT", "auth-login")]
    [TestCase("STARTTLS", "starttls")]
    [TestCase("AUTHENTICATE", "auth-plain")]
    [TestCase("LOGIN", "imap4rev2")]
    [TestCase("ENABLE", "imap4rev2")]
    [TestCase("SELECT", "imap4rev2")]
    [TestCase("EXAMINE", "select")]
    [TestCase("CREATE", "imap4rev2")]
    [TestCase("DELETE", "imap4rev2")]
    [TestCase("RENAME", "imap4rev2")]
    [TestCase("SUBSCRIBE", "subscribe")]
    [TestCase("UNSUBSCRIBE", "subscribe")]
    [TestCase("LIST", "imap4rev2")]
    [TestCase("NAMESPACE", "imap4rev2")]
    [TestCase("STATUS", "imap4rev2")]
    [TestCase("APPEND", "imap4rev2")]
    [TestCase("IDLE", "two-sessions-rev2")]
    [TestCase("CLOSE", "close")]
    [TestCase("UNSELECT", "imap4rev2")]
    [TestCase("EXPUNGE", "expunge")]
    [TestCase("SEARCH", "imap4rev2")]
    [TestCase("FETCH", "imap4rev2")]
    [TestCase("STORE", "imap4rev2")]
    [TestCase("COPY", "uidplus")]
    [TestCase("MOVE", "move")]
    [TestCase("UID FETCH", "qresync")]
    [TestCase("UID SEARCH", "imap4rev2")]
    [TestCase("UID STORE", "condstore")]
    [TestCase("UID COPY", "uidplus")]
    [TestCase("UID MOVE", "move")]
    [TestCase("UID EXPUNGE", "uidplus")]
    public void Every_command_is_shown(string command, string script) =>
        Assert.That(Lines(script), Has.Some.Match($"^([A-Z]>|C:) \\S+ {command}( |$)"));

    [TestCase("ALREADYEXISTS", "create-delete")]
    [TestCase("APPENDUID", "append")]
    [TestCase("AUTHENTICATIONFAILED", "login-failures")]
    [TestCase("BADCHARSET", "search")]
    [TestCase("CANNOT", "list-names")]
    [TestCase("CAPABILITY", "first-steps")]
    [TestCase("CLIENTBUG", "uidbatches")]
    [TestCase("CLOSED", "select")]
    [TestCase("COPYUID", "move")]
    [TestCase("EXPUNGEISSUED", "two-sessions-expunge")]
    [TestCase("HASCHILDREN", "imap4rev2")]
    [TestCase("LIMIT", "multiappend")]
    [TestCase("NONEXISTENT", "create-delete")]
    [TestCase("PERMANENTFLAGS", "imap4rev2")]
    [TestCase("PRIVACYREQUIRED", "login-disabled")]
    [TestCase("READ-ONLY", "select")]
    [TestCase("READ-WRITE", "imap4rev2")]
    [TestCase("TRYCREATE", "append")]
    [TestCase("UIDNEXT", "imap4rev2")]
    [TestCase("UIDVALIDITY", "imap4rev2")]
    [TestCase("UNKNOWN-CTE", "binary")]
    public void Every_response_code_that_is_sent_is_shown(string code, string script) =>
        Assert.That(Lines(script), Has.Some.Match($@"^([A-Z]<|S:|[A-Z]~|S~) .*\\?\[{code}[] \\]"));

    // RFC 9051 6.4.4 and the older keys, RFC 5032, 5466, 6203, 7162, 8474, 8514, 9738.
    [Test]
    public void Every_search_key_is_shown([Values(
        "ALL", "ANSWERED", "BCC", "BEFORE", "BODY", "CC", "DELETED", "DRAFT", "FLAGGED", "FROM", "HEADER", "KEYWORD", "LARGER", "NOT", "ON", "OR", "SEEN",
        "SENTBEFORE", "SENTON", "SENTSINCE", "SINCE", "SMALLER", "SUBJECT", "TEXT", "TO", "UID", "UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED",
        "UNKEYWORD", "UNSEEN", "NEW", "OLD", "RECENT", "OLDER", "YOUNGER", "FILTER", "FUZZY", "MODSEQ", "EMAILID", "THREADID", "SAVEDBEFORE", "SAVEDON",
        "SAVEDSINCE", "SAVEDATESUPPORTED", "UIDAFTER", "UIDBEFORE")] string key) =>
        Assert.That(Directory.EnumerateFiles(Path.Combine(ScriptFiles.Root, "imap")).SelectMany(File.ReadLines), Has.Some.Match($"^([A-Z]>|C:) \\S+ (UID )?SEARCH .*\\b{key}\\b"));

    private static string[] Lines(string script) => File.ReadAllLines(Path.Combine(ScriptFiles.Root, "imap", script + ".txt"));
}
