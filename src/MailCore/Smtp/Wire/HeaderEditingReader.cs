using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;

namespace MailCore.Smtp.Wire;

/// <summary>
/// A message whose header is read first, shown, and edited; then it reads as the edited header with everything else behind it. Holds
/// the header in pooled memory and nothing more.
/// </summary>
/// <param name="inner">The message. What it hands out after its end was an error is the caller's to know.</param>
/// <param name="limit">Octets of header.</param>
internal sealed class HeaderEditingReader(PipeReader inner, int limit) : HoldingPipeReader(inner)
{
    private int _length;
    private int _scanned;

    /// <summary>The fields, without the empty line, until <see cref="Apply"/>.</summary>
    public ReadOnlyMemory<byte> Header => Held.Sequence.First[.._length];

    /// <summary>The message begins with its body: what stands there is no field.</summary>
    public bool IsBodyOnly { get; private set; }

    /// <summary>Reads up to the empty line or the end; false when the header has more octets than allowed.</summary>
    public async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await Inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            var held = Held.Count;
            // With room for the empty line, which shows where the header ends.
            var piece = buffer.Slice(0, Math.Min(buffer.Length, limit + 2L - held));
            Held.Add(in piece);
            if (TryFindEnd(result.IsCompleted && piece.Length == buffer.Length, out _length))
            {
                // What was held before may go on behind the end: a CR whose LF came later, or a first line that is no field.
                var kept = Math.Max(_length, held);
                Inner.AdvanceTo(buffer.GetPosition(kept - held));
                Held.Truncate(kept);
                return _length <= limit;
            }

            Inner.AdvanceTo(piece.End);
            if (Held.Count >= limit + 2L)
            {
                return false;
            }
        }
    }

    /// <summary>Makes the edits; the reader then begins with what they leave of the header.</summary>
    public void Apply(HeaderEdits edits)
    {
        if (edits.IsEmpty)
        {
            return;
        }

        var behind = Held.Sequence.Slice(_length).ToArray();
        Held.Truncate(_length);
        foreach (var edit in edits.All)
        {
            var before = Held;
            Held = default;
            HeaderEditor.Write(before.Sequence.FirstSpan, edit, ref Held);
            before.Clear();
        }

        if (IsBodyOnly && Held.Count > 0)
        {
            Held.Add("\r\n"u8);
        }

        Held.Add(behind);
    }

    protected override bool Take(in ReadResult result)
    {
        Passes = Held.Count == 0;
        if (Passes)
        {
            return true;
        }

        var piece = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, HeldOctets.Capacity));
        Held.Add(in piece);
        IsEnded = result.IsCompleted && piece.Length == result.Buffer.Length;
        Inner.AdvanceTo(piece.End);
        return false;
    }

    /// <summary>Where the header ends: before the empty line, or where the message does.</summary>
    private bool TryFindEnd(bool isWhole, out int end)
    {
        var octets = Held.Sequence.FirstSpan;
        while (true)
        {
            end = _scanned;
            var line = octets[end..];
            var feed = line.IndexOf((byte)'\n');
            if (feed < 0 && !isWhole)
            {
                return false;
            }

            if (feed == 0 || line.StartsWith("\r\n"u8) || line.IsEmpty)
            {
                return true;
            }

            if (end == 0 && !IsField(line))
            {
                IsBodyOnly = true;
                return true;
            }

            _scanned = feed < 0 ? octets.Length : end + feed + 1;
        }
    }

    /// <summary>Whether a header may begin so; the space of a fold without a field is only a mistake.</summary>
    private static bool IsField(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        return line[0] is (byte)' ' or (byte)'\t' || (colon > 0 && !line[..colon].TrimEnd(" \t"u8).ContainsAnyInRange((byte)0, (byte)' '));
    }
}

/// <summary>Does one edit.</summary>
internal static class HeaderEditor
{
    public static void Write(ReadOnlySpan<byte> header, HeaderEdit edit, ref HeldOctets into)
    {
        if (edit.Kind == HeaderEditKind.Add)
        {
            into.Add(edit.Field);
            into.Add(header);
            return;
        }

        Span<byte> name = stackalloc byte[edit.Name.Length];
        Encoding.ASCII.GetBytes(edit.Name, name);
        var isPending = edit.Kind == HeaderEditKind.Replace;
        if (isPending && !Has(header, name))
        {
            into.Add(edit.Field);
            isPending = false;
        }

        foreach (var field in new HeaderReader(header))
        {
            if (!field.Is(name))
            {
                into.Add(field.Raw);
            }
            else if (isPending)
            {
                into.Add(edit.Field);
                isPending = false;
            }
        }
    }

    private static bool Has(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name)
    {
        foreach (var field in new HeaderReader(header))
        {
            if (field.Is(name))
            {
                return true;
            }
        }

        return false;
    }
}
