using System.Buffers;
using System.Text;

namespace MailCore.Testing.Wire;

/// <summary>
/// Follows what a client says closely enough to know where commands begin. The server's answers decide what comes next; it is asked
/// for the next piece when the server has answered all before it.
/// </summary>
internal abstract class ClientDialog
{
    // What has no end after so many octets is the server's to refuse.
    private const int LongestLine = 64 * 1024;

    private bool _isWithheld;

    public static ClientDialog For(TestProtocol protocol) => protocol switch
    {
        TestProtocol.Imap => new ImapDialog(),
        TestProtocol.Pop3 => new Pop3Dialog(),
        _ => new SmtpDialog(),
    };

    /// <summary>The last command was kept from the server: what belongs to it is to be kept too.</summary>
    public bool IsWithheld => _isWithheld;

    /// <summary>The next piece of <paramref name="unread"/>; <paramref name="answer"/> is the last line that the server wrote.</summary>
    public ClientPiece Next(in ReadOnlySequence<byte> unread, string answer)
    {
        var piece = Read(unread, answer);
        if (piece.Kind is PieceKind.Command)
        {
            _isWithheld = false;
        }

        return piece;
    }

    /// <summary>The command just read does not reach the server.</summary>
    public void Withhold() => _isWithheld = true;

    protected abstract ClientPiece Read(in ReadOnlySequence<byte> unread, string answer);

    /// <summary>The next line, its end not included in <paramref name="text"/>.</summary>
    protected static bool TryReadLine(in ReadOnlySequence<byte> unread, out string text, out long length)
    {
        text = "";
        if (unread.PositionOf((byte)'\n') is not { } feed)
        {
            length = unread.Length > LongestLine ? unread.Length : 0;
            return length > 0;
        }

        var line = unread.Slice(0, unread.GetPosition(1, feed));
        length = line.Length;
        text = Encoding.UTF8.GetString(line.Slice(0, Math.Min(length, LongestLine))).TrimEnd('\n').TrimEnd('\r');
        return true;
    }

    protected static string FirstWord(string text) => text.AsSpan().TrimStart(' ') is var rest && rest.IndexOf(' ') is >= 0 and var end
        ? rest[..end].ToString().ToUpperInvariant()
        : rest.ToString().ToUpperInvariant();

    /// <summary>The first words of a line, then "***" in the place of others.</summary>
    protected static string Mask(string line, int words)
    {
        var parts = line.Split(' ', words + 1, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length <= words ? line : string.Join(' ', parts[..words]) + " ***";
    }
}
