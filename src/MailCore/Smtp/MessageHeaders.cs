using System.Text;
using MailCore.Mime;

namespace MailCore.Smtp;

/// <summary>A message's header as a filter sees it. Valid during the call that got it.</summary>
public sealed class MessageHeaders
{
    internal MessageHeaders(ReadOnlyMemory<byte> octets) => Octets = octets;

    /// <summary>The fields as they came, without the empty line; for <see cref="HeaderReader"/>.</summary>
    public ReadOnlyMemory<byte> Octets { get; }

    /// <summary>The first field of this name, unfolded and with encoded words decoded; null without one. Names compare without case.</summary>
    public string? this[string name] => GetAll(name) is [var first, ..] ? first : null;

    /// <summary>All fields of this name, top to bottom, each as the indexer gives it.</summary>
    public IReadOnlyList<string> GetAll(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var found = new List<string>();
        var wanted = Encoding.ASCII.GetBytes(name);
        foreach (var field in new HeaderReader(Octets.Span))
        {
            if (field.Is(wanted))
            {
                var value = new byte[field.RawValue.Length];
                found.Add(EncodedWords.Decode(value.AsSpan(0, field.Unfold(value))));
            }
        }

        return found;
    }
}
