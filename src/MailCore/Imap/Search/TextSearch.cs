using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>Looks for texts in messages as people read them (<see cref="MessageText"/>). A body is read in pieces and never held.</summary>
internal sealed class TextSearch(IReadOnlyList<(string Text, bool InHeader)> texts)
{
    private readonly int _overlap = texts.Count == 0 ? 0 : Math.Max(0, texts.Max(static text => text.Text.Length) - 1);
    private readonly ArrayBufferWriter<char> _piece = new();
    private bool[] _found = [];

    private bool FoundAll => !_found.Contains(false);

    /// <summary>Which of the texts the message holds.</summary>
    public async ValueTask<bool[]> FindAsync(StoredMessage message, ReadOnlyMemory<byte> header, CancellationToken cancellationToken)
    {
        _found = [.. texts.Select(static text => text.Text.Length == 0)];
        if (texts.Any(static text => text.InHeader))
        {
            LookIn(MessageText.OfHeader(header.Span), isOuterHeader: true);
        }

        if (!FoundAll)
        {
            await MessageText.ReadBodyAsync(message.Content, message.PrefixLength, message.Summary, Look, cancellationToken);
        }

        return _found;
    }

    private bool Look(ReadOnlySpan<char> text, bool begins)
    {
        // A text may lie across two pieces.
        var end = begins ? [] : _piece.WrittenSpan[^Math.Min(_overlap, _piece.WrittenCount)..].ToArray();
        _piece.ResetWrittenCount();
        _piece.Write(end);
        _piece.Write(text);
        LookIn(_piece.WrittenSpan, isOuterHeader: false);
        return !FoundAll;
    }

    private void LookIn(ReadOnlySpan<char> text, bool isOuterHeader)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            if (!_found[i] && (!isOuterHeader || texts[i].InHeader))
            {
                _found[i] = text.Contains(texts[i].Text, StringComparison.OrdinalIgnoreCase);
            }
        }
    }
}
