using System.Buffers;
using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Search;

/// <summary>
/// Looks for a text in header values as people read them, compared by i;unicode-casemap. Values are turned into text in room that is
/// used again; only encoded words and octets past ASCII cost memory. One search's, one thread.
/// </summary>
internal sealed class HeaderTextFinder(string text)
{
    private readonly ArrayBufferWriter<char> _value = new();
    private readonly ArrayBufferWriter<char> _prepared = new();
    private readonly string _text = TextSearch.Prepare(text);

    public bool IsIn(ReadOnlySpan<char> value)
    {
        _prepared.ResetWrittenCount();
        UnicodeCasemap.Prepare(value, _prepared);
        return _prepared.WrittenSpan.Contains(_text, StringComparison.Ordinal);
    }

    /// <summary>In an unstructured value, encoded words decoded.</summary>
    public bool IsIn(ReadOnlySpan<byte> value)
    {
        _value.ResetWrittenCount();
        AppendDecoded(value);
        return IsIn(_value.WrittenSpan);
    }

    public bool IsInUtf8(ReadOnlySpan<byte> value)
    {
        _value.ResetWrittenCount();
        Append(value);
        return IsIn(_value.WrittenSpan);
    }

    /// <summary>In addresses, written as in a header with the names decoded.</summary>
    public bool IsIn(AddressListView addresses)
    {
        _value.ResetWrittenCount();
        foreach (var entry in addresses)
        {
            if (_value.WrittenCount > 0)
            {
                _value.Write(", ");
            }

            Append(entry);
        }

        return IsIn(_value.WrittenSpan);
    }

    // As MailAddressEntry.ToString does.
    private void Append(AddressEntryView entry)
    {
        if (!entry.HasHost)
        {
            Append(entry.Mailbox);
            _value.Write(entry.HasMailbox ? ":" : ";");
            return;
        }

        if (entry.HasName)
        {
            AppendDecoded(entry.Name);
            _value.Write(" ");
        }

        _value.Write("<");
        if (entry.HasMailbox)
        {
            Append(entry.Mailbox);
            _value.Write(entry.Host.IsEmpty ? "" : "@");
            Append(entry.Host);
        }

        _value.Write(">");
    }

    private void AppendDecoded(ReadOnlySpan<byte> value)
    {
        if (Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0)
        {
            Append(value);
        }
        else
        {
            _value.Write(EncodedWords.Decode(value));
        }
    }

    private void Append(ReadOnlySpan<byte> utf8) => _value.Advance(Encoding.UTF8.GetChars(utf8, _value.GetSpan(Encoding.UTF8.GetMaxCharCount(utf8.Length))));
}
