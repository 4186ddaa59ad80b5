using System.Globalization;
using System.Text;

namespace MailCore.Load.Mailboxes;

internal enum MailboxProtocol
{
    Imap,
    Pop3,
}

/// <summary>How the end of a command's answer is known.</summary>
internal enum Answer
{
    /// <summary>IMAP: the line that begins with the command's tag; literals before it are passed over by their length.</summary>
    Tagged,

    /// <summary>One line.</summary>
    Line,

    /// <summary>POP3: up to a line of one dot.</summary>
    Dotted,
}

/// <summary>A command of a dialog.</summary>
/// <param name="Octets">As it is sent, with its literals.</param>
/// <param name="Answer">How its answer ends.</param>
/// <param name="Counts">Whether it is one of the operations that are counted and timed.</param>
internal sealed record Step(byte[] Octets, Answer Answer, bool Counts)
{
    public static Step Imap(string command, bool counts = true) => new(Encoding.UTF8.GetBytes($"A {command}\r\n"), Answer.Tagged, counts);

    public static Step Append(string mailbox, ReadOnlySpan<byte> message) => new(
        [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"A APPEND {mailbox} (\\Deleted) {{{message.Length}+}}\r\n")), .. message, .. "\r\n"u8],
        Answer.Tagged,
        Counts: true);

    public static Step Pop3(string command, Answer answer = Answer.Line, bool counts = true) => new(Encoding.UTF8.GetBytes(command + "\r\n"), answer, counts);
}

/// <summary>What each connection of a row does: a login, some steps over and over, a goodbye.</summary>
/// <param name="Begin">After the greeting.</param>
/// <param name="Loop">Repeated; by itself what is measured, or together with the connection around it.</param>
/// <param name="End">Before the connection is closed.</param>
/// <param name="Reconnects">Whether each repetition has a connection of its own, and is one operation as a whole.</param>
internal sealed record Dialog(IReadOnlyList<Step> Begin, IReadOnlyList<Step> Loop, IReadOnlyList<Step> End, bool Reconnects = false);
