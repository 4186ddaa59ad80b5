using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>
/// Writes responses into a pipe without flushing, and knows which form a string may take. Nothing it is given can end a line or
/// change the shape of a response.
/// </summary>
internal sealed partial class ImapWriter(PipeWriter output)
{
    /// <summary>Octets written and not flushed past which a long response is flushed in between.</summary>
    public const int FlushThreshold = 32 * 1024;

    private const int ChunkSize = 4 * 1024;
    private const int MaxQuoted = 1024;

    private static readonly SearchValues<byte> AtomOctets = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x20).Select(static i => (byte)i).Where(static octet => !"(){ %*\"\\]".Contains((char)octet))]);

    // Octets of a quoted string that need no backslash.
    private static readonly SearchValues<byte> PlainOctets = SearchValues.Create(
        [.. Enumerable.Range(1, 0x7E).Select(static i => (byte)i).Where(static octet => !"\r\n\"\\".Contains((char)octet))]);

    private Memory<byte> _memory;
    private int _used;
    private long _unflushed;

    /// <summary>What the client has turned on.</summary>
    public ImapFeatures Features { get; set; }

    /// <summary>Whether it is time for <see cref="FlushAsync"/> within a response.</summary>
    public bool WantsFlush => _unflushed + _used >= FlushThreshold;

    /// <summary>The client can't be reached any more.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether the response at hand is whole, so that another may begin.</summary>
    public bool IsAtLineStart { get; private set; } = true;

    public bool HasUnflushed => _unflushed + _used > 0;

    /// <summary>The protocol's own words: ASCII, and no line end but the one of <see cref="Line"/>.</summary>
    public ImapWriter Raw(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var into = Room(Math.Min(octets.Length, ChunkSize));
            var count = Math.Min(octets.Length, into.Length);
            octets[..count].CopyTo(into);
            _used += count;
            octets = octets[count..];
        }

        return this;
    }

    /// <summary>The protocol's own words in ASCII.</summary>
    public ImapWriter Raw(string ascii)
    {
        for (var rest = ascii.AsSpan(); !rest.IsEmpty;)
        {
            var into = Room(Math.Min(rest.Length, ChunkSize));
            var count = Math.Min(rest.Length, into.Length);
            Encoding.ASCII.GetBytes(rest[..count], into);
            _used += count;
            rest = rest[count..];
        }

        return this;
    }

    public ImapWriter Number(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out var written);
        _used += written;
        return this;
    }

    public ImapWriter Line()
    {
        Raw("\r\n"u8);
        IsAtLineStart = true;
        return this;
    }

    /// <summary>"* " and a number and a space.</summary>
    public ImapWriter Untagged(long number) => Raw("* "u8).Number(number).Raw(" "u8);

    /// <summary>"* n FETCH (", or "* uid UIDFETCH (" for a client that speaks of UIDs alone (RFC 9586 3.4).</summary>
    public ImapWriter BeginFetch(int sequence, Uid uid) => (Features & ImapFeatures.UidOnly) == 0
        ? Untagged(sequence).Raw("FETCH ("u8)
        : Untagged(uid.Value).Raw("UIDFETCH ("u8);

    public ImapWriter Nil() => Raw("NIL"u8);

    /// <summary>Quoted where it can be, a literal where it must. NUL, which IMAP can't say, becomes '?'.</summary>
    public ImapWriter String(ReadOnlySpan<byte> octets)
    {
        var plain = octets.IndexOfAnyExcept(PlainOctets);
        if (octets.Length <= MaxQuoted && (plain < 0 || !octets[plain..].ContainsAnyExcept(QuotableOctets)))
        {
            return Quote(octets, plain);
        }

        LiteralHeader(octets.Length);
        for (int end; (end = octets.IndexOf((byte)0)) >= 0; octets = octets[(end + 1)..])
        {
            Raw(octets[..end]).Raw("?"u8);
        }

        return Raw(octets);
    }

    /// <summary>Announces a literal; exactly as many octets must follow.</summary>
    public ImapWriter LiteralHeader(long octets) => Raw("{"u8).Number(octets).Raw("}\r\n"u8);

    public ImapWriter NString(ReadOnlyMemory<byte>? octets) => octets is { } some ? String(some.Span) : Nil();

    /// <summary>A mailbox's name, in UTF-8 or modified UTF-7, as an atom where it can be one.</summary>
    public ImapWriter Mailbox(string name)
    {
        if ((Features & (ImapFeatures.Rev2 | ImapFeatures.Utf8)) != 0 && !ModifiedUtf7.IsDirect(name))
        {
            return Utf8Name(name);
        }

        return Astring(Encoding.ASCII.GetBytes(ModifiedUtf7.Encode(name)));
    }

    /// <summary>The beginning of names, quoted.</summary>
    public ImapWriter MailboxPrefix(string prefix) =>
        (Features & (ImapFeatures.Rev2 | ImapFeatures.Utf8)) != 0 ? Utf8Name(prefix) : String(Encoding.ASCII.GetBytes(ModifiedUtf7.Encode(prefix)));

    /// <summary>Text in UTF-8, as an atom where it can be one.</summary>
    public ImapWriter Astring(string text) => Astring(Encoding.UTF8.GetBytes(text));

    /// <summary>An atom where it can be one, else a string.</summary>
    public ImapWriter Astring(ReadOnlySpan<byte> octets) =>
        octets.IsEmpty || octets.ContainsAnyExcept(AtomOctets) || Ascii.EqualsIgnoreCase(octets, "NIL"u8) ? String(octets) : Raw(octets);

    // RFC 9051 9, quoted: no name has a control character.
    private ImapWriter Utf8Name(string name)
    {
        ReadOnlySpan<byte> octets = Encoding.UTF8.GetBytes(name);
        Raw("\""u8);
        for (int special; (special = octets.IndexOfAny((byte)'"', (byte)'\\')) >= 0; octets = octets[(special + 1)..])
        {
            Raw(octets[..special]).Raw("\\"u8).Raw(octets.Slice(special, 1));
        }

        return Raw(octets).Raw("\""u8);
    }

    /// <summary>Goes on with another pipe, as after STARTTLS. What was written before must have been flushed.</summary>
    public void Attach(PipeWriter to) => output = to;

    /// <summary>Hands everything to the client.</summary>
    /// <exception cref="IOException">It no longer reads.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        if (!HasUnflushed)
        {
            return;
        }

        Commit();
        _unflushed = 0;
        try
        {
            var result = await output.FlushAsync(cancellationToken);
            IsLost = result.IsCompleted || result.IsCanceled;
        }
        catch
        {
            IsLost = true;
            throw;
        }

        if (IsLost)
        {
            throw new IOException("The client no longer reads.");
        }
    }

    /// <summary>Writes octets of a message, of which the store must have as many as asked; the caller has written a literal's header.</summary>
    public async ValueTask CopyAsync(MessageContent content, long offset, long length, CancellationToken cancellationToken)
    {
        Commit();
        while (length > 0)
        {
            var size = (int)Math.Min(length, 2 * ChunkSize);
            var count = await content.ReadAsync(offset, output.GetMemory(size)[..size], cancellationToken);
            if (count == 0)
            {
                throw new EndOfStreamException("The store holds fewer octets than it announced.");
            }

            output.Advance(count);
            _unflushed += count;
            offset += count;
            length -= count;
            if (WantsFlush)
            {
                await FlushAsync(cancellationToken);
            }
        }
    }

    private static readonly SearchValues<byte> QuotableOctets = SearchValues.Create(
        [.. Enumerable.Range(1, 0x7E).Select(static i => (byte)i).Where(static octet => octet is not ((byte)'\r' or (byte)'\n'))]);

    private ImapWriter Quote(ReadOnlySpan<byte> octets, int special)
    {
        Raw("\""u8);
        for (; special >= 0; special = octets.IndexOfAnyExcept(PlainOctets))
        {
            Raw(octets[..special]).Raw("\\"u8).Raw(octets.Slice(special, 1));
            octets = octets[(special + 1)..];
        }

        return Raw(octets).Raw("\""u8);
    }

    private Span<byte> Room(int count)
    {
        IsAtLineStart = false;
        if (_memory.Length - _used < count)
        {
            Commit();
            _memory = output.GetMemory(Math.Max(count, ChunkSize));
        }

        return _memory.Span[_used..];
    }

    private void Commit()
    {
        if (_used > 0)
        {
            output.Advance(_used);
            _unflushed += _used;
            _used = 0;
        }

        _memory = default;
    }
}
