using MailCore.Imap.Wire;

namespace MailCore.Imap;

/// <summary>One command with its arguments; made by a parser of <see cref="ImapCommandTable"/> and run once.</summary>
internal abstract class ImapCommand
{
    /// <summary>
    /// Whether EXPUNGE may be sent before the tagged reply: not while a FETCH, STORE or SEARCH by message number runs (RFC 3501
    /// 7.4.1).
    /// </summary>
    public virtual bool MayExpunge => true;

    /// <summary>
    /// Does it: writes the untagged responses and gives back the tagged one. What changed in the selected mailbox meanwhile is
    /// written by the session afterwards.
    /// </summary>
    public abstract ValueTask<ImapReply> RunAsync(ImapSession session);
}

/// <summary>
/// Reads a command's arguments, from the octet behind its name to the end; on a failure, which the reader remembers, the result
/// does not matter.
/// </summary>
internal delegate ImapCommand ImapCommandParser(ref ImapReader reader);
