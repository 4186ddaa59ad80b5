using System.Text;
using MailCore.Mime;

namespace MailCore.Tests.Mime;

/// <summary>Ways to push a message through the summarizer and to look at what comes out.</summary>
internal static class Summaries
{
    public static MessageSummary Of(string message, MimeLimits? limits = null) => Of(Encoding.Latin1.GetBytes(message), limits);

    public static MessageSummary Of(ReadOnlySpan<byte> message, MimeLimits? limits = null)
    {
        var summarizer = new MessageSummarizer(limits);
        summarizer.Push(message);
        return summarizer.Complete();
    }

    public static MessageSummary InPieces(ReadOnlySpan<byte> message, int size, MimeLimits? limits = null)
    {
        var summarizer = new MessageSummarizer(limits);
        for (; !message.IsEmpty; message = message[Math.Min(size, message.Length)..])
            summarizer.Push(message[..Math.Min(size, message.Length)]);

        return summarizer.Complete();
    }

    public static MessageSummary Of(Stream stream, MimeLimits? limits = null)
    {
        var summarizer = new MessageSummarizer(limits);
        var buffer = new byte[64 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
            summarizer.Push(buffer.AsSpan(0, count));

        return summarizer.Complete();
    }

    /// <summary>
    /// All parts with their paths: "" is the root, "2.1" a part of a part, and "2.r" the root of the message in part 2.
    /// </summary>
    public static IEnumerable<(string Path, MimePart Part)> Walk(MimePart root)
    {
        var open = new Stack<(string Path, MimePart Part)>([("", root)]);
        while (open.TryPop(out var next))
        {
            yield return next;
            var prefix = next.Path.Length == 0 ? "" : next.Path + ".";
            if (next.Part.NestedRoot is { } nested)
                open.Push((prefix + "r", nested));

            for (var i = next.Part.Children.Count; i > 0; i--)
                open.Push((prefix + i, next.Part.Children[i - 1]));
        }
    }

    public static string Type(this MimePart part) => Text(part.Type) + "/" + Text(part.Subtype);

    public static string Text(ReadOnlyMemory<byte> octets) => Encoding.Latin1.GetString(octets.Span);

    public static string? Text(ReadOnlyMemory<byte>? octets) => octets is { } value ? Text(value) : null;

    public static string Text(IEnumerable<MimeParameter> parameters) =>
        string.Join("; ", parameters.Select(parameter => $"{Text(parameter.Name)}={Text(parameter.Value)}"));

    public static string Text(IEnumerable<MailAddressEntry> addresses) =>
        string.Join(" ", addresses.Select(entry => $"({Nil(entry.Name)} {Nil(entry.Route)} {Nil(entry.Mailbox)} {Nil(entry.Host)})"));

    private static string Nil(ReadOnlyMemory<byte>? octets) => octets is { } value ? $"\"{Encoding.UTF8.GetString(value.Span)}\"" : "NIL";
}
