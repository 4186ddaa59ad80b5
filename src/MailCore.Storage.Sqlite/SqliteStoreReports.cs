namespace MailCore.Storage.Sqlite;

/// <summary>Something wrong in a store.</summary>
/// <param name="Where">Which message, mailbox, account or file.</param>
/// <param name="What">What is wrong with it.</param>
public sealed record StoreProblem(string Where, string What);

/// <summary>What a check found.</summary>
/// <param name="Messages">Messages read, expunged ones that are still kept counted.</param>
/// <param name="Octets">Octets read of them.</param>
/// <param name="Unhashed">Messages that were received before hashes were kept: their octets can't be verified until the index is rebuilt.</param>
/// <param name="ProblemCount">All problems.</param>
/// <param name="Problems">The first 1,000 of them.</param>
public sealed record StoreCheckReport(long Messages, long Octets, long Unhashed, long ProblemCount, IReadOnlyList<StoreProblem> Problems);

/// <summary>What a backup copied.</summary>
/// <param name="Octets">Of the database and the message files.</param>
/// <param name="Files">Message files.</param>
/// <param name="Problems">Message files that could not be copied; the backup has all the rest.</param>
public sealed record StoreBackupReport(long Octets, long Files, IReadOnlyList<StoreProblem> Problems);

/// <summary>What one account uses.</summary>
/// <param name="Account">Which.</param>
/// <param name="Mailboxes">How many.</param>
/// <param name="Messages">In all of them.</param>
/// <param name="QuotaUsed">Octets of them, prefixes counted.</param>
/// <param name="QuotaLimit">Octets, or null for no limit.</param>
/// <param name="MessageLimit">Messages, or null for no limit.</param>
public sealed record AccountUsage(AccountId Account, long Mailboxes, long Messages, long QuotaUsed, long? QuotaLimit, long? MessageLimit);

/// <summary>What rebuilding the index changed.</summary>
/// <param name="Messages">Messages read.</param>
/// <param name="Summaries">Summaries made anew.</param>
/// <param name="Hashes">Hashes added to messages that had none.</param>
/// <param name="Counters">Mailboxes, accounts and contents whose counters were wrong.</param>
/// <param name="Problems">Messages that can't be read, or whose octets are damaged; they were left alone.</param>
public sealed record IndexRebuildReport(long Messages, long Summaries, long Hashes, long Counters, IReadOnlyList<StoreProblem> Problems);

/// <summary>What compacting gained.</summary>
/// <param name="OctetsBefore">Of the database file.</param>
/// <param name="OctetsAfter">Of the database file.</param>
public sealed record CompactionReport(long OctetsBefore, long OctetsAfter);
