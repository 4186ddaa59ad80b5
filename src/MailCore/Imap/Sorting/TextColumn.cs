using System.Text;
using MailCore.Mime;

namespace MailCore.Imap.Sorting;

/// <summary>
/// A text of each of very many messages, ready to be compared without regard to case: one array holds them all. Of each at most
/// <see cref="MaxOctets"/> count.
/// </summary>
internal sealed class TextColumn
{
    /// <summary>What lies behind makes no difference.</summary>
    public const int MaxOctets = 512;

    private const int MaxPlain = 4 * MaxOctets;

    private readonly List<int> _ends = [];
    private byte[] _octets = [];
    private int _used;

    public int Count => _ends.Count;

    /// <summary>Octets of memory.</summary>
    public long Size => _octets.Length + (4L * _ends.Capacity);

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            var start = index == 0 ? 0 : _ends[index - 1];
            return _octets.AsSpan(start, _ends[index] - start);
        }
    }

    public int Compare(int a, int b) => this[a].SequenceCompareTo(this[b]);

    /// <summary>Adds a text as it stands in a header.</summary>
    public void Add(ReadOnlySpan<byte> value) => Add(value, isSubject: false);

    /// <summary>Adds what a subject is about; says whether it is that of a reply or a forwarded message.</summary>
    public bool AddSubject(ReadOnlySpan<byte> subject) => Add(subject, isSubject: true);

    /// <summary>Adds text that is no header's.</summary>
    public void AddText(ReadOnlySpan<char> text)
    {
        if (_octets.Length - _used < MaxOctets)
        {
            Array.Resize(ref _octets, Math.Max(2 * _octets.Length, _used + (2 * MaxOctets)));
        }

        _used += Caseless.Write(text, _octets.AsSpan(_used, MaxOctets));
        _ends.Add(_used);
    }

    private bool Add(ReadOnlySpan<byte> value, bool isSubject)
    {
        if (value.Length <= MaxPlain && Ascii.IsValid(value) && value.IndexOf("=?"u8) < 0)
        {
            Span<char> characters = stackalloc char[value.Length];
            Ascii.ToUtf16(value, characters, out _);
            return Add(characters, isSubject);
        }

        return Add(EncodedWords.Decode(value).ToCharArray(), isSubject);
    }

    private bool Add(Span<char> text, bool isSubject)
    {
        var isReply = false;
        AddText(isSubject ? BaseSubject.Extract(text, out isReply) : text);
        return isReply;
    }
}
