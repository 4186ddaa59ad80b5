using System.Buffers;
using MailCore.Imap.Fetch;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Looks for texts in messages as people read them (<see cref="MessageText"/>), compared by i;unicode-casemap (RFC 5255 4.2). A body is
/// read in pieces and never held.
/// </summary>
internal sealed class TextSearch
{
    private readonly (string Text, bool InHeader)[] _texts;
    private readonly int _overlap;
    private readonly char[] _end;
    private readonly ArrayBufferWriter<char> _piece = new();
    private readonly ArrayBufferWriter<char> _header = new();
    private readonly MessageTextHandler _look;
    private readonly bool[] _found;

    public TextSearch(IReadOnlyList<(string Text, bool InHeader)> texts)
    {
        _texts = [.. texts.Select(static text => (Prepare(text.Text), text.InHeader))];
        _overlap = _texts.Length == 0 ? 0 : Math.Max(0, _texts.Max(static text => text.Text.Length) - 1);
        _end = new char[_overlap];
        _found = new bool[_texts.Length];
        _look = Look;
    }

    private bool FoundAll => !_found.Contains(false);

    /// <summary>A text in the form in which it is looked for in others of this form.</summary>
    public static string Prepare(string text)
    {
        var prepared = new ArrayBufferWriter<char>(text.Length + UnicodeCasemap.Longest);
        UnicodeCasemap.Prepare(text, prepared);
        return new string(prepared.WrittenSpan);
    }

    /// <summary>Which of the texts the message holds; until it is asked of the next.</summary>
    public async ValueTask<bool[]> FindAsync(StoredMessage message, ReadOnlyMemory<byte> header, CancellationToken cancellationToken)
    {
        for (var i = 0; i < _found.Length; i++)
        {
            _found[i] = _texts[i].Text.Length == 0;
        }

        if (Array.Exists(_texts, static text => text.InHeader))
        {
            _header.ResetWrittenCount();
            HeaderText.Write(header.Span, _header);
            Add(_header.WrittenSpan, begins: true);
            LookIn(isOuterHeader: true);
        }

        if (!FoundAll)
        {
            await MessageText.ReadBodyAsync(message.Content, message.PrefixLength, message.Summary, _look, cancellationToken);
        }

        return _found;
    }

    private bool Look(ReadOnlySpan<char> text, bool begins)
    {
        Add(text, begins);
        LookIn(isOuterHeader: false);
        return !FoundAll;
    }

    // A text may lie across two pieces.
    private void Add(ReadOnlySpan<char> text, bool begins)
    {
        var kept = begins ? 0 : Math.Min(_overlap, _piece.WrittenCount);
        _piece.WrittenSpan[^kept..].CopyTo(_end);
        _piece.ResetWrittenCount();
        _piece.Write(_end.AsSpan(0, kept));
        UnicodeCasemap.Prepare(text, _piece);
    }

    private void LookIn(bool isOuterHeader)
    {
        for (var i = 0; i < _texts.Length; i++)
        {
            if (!_found[i] && (!isOuterHeader || _texts[i].InHeader))
            {
                _found[i] = _piece.WrittenSpan.Contains(_texts[i].Text, StringComparison.Ordinal);
            }
        }
    }
}
