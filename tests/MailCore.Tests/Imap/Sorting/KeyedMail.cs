using System.Text;
using MailCore.Imap.Sorting;
using MailCore.Imap.View;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Tests.Imap.Sorting;

/// <summary>Messages that were found, made of headers or of keys.</summary>
internal static class KeyedMail
{
    /// <summary>Messages with the numbers and UIDs from 1 on.</summary>
    public static KeyedMessages Of(IEnumerable<string> headers, params KeyKind[] kinds) => Of(headers, new MailboxKeys(), kinds);

    public static KeyedMessages Of(IEnumerable<string> headers, MailboxKeys keys, params KeyKind[] kinds)
    {
        var messages = new KeyedMessages(keys, kinds, expected: 0);
        var number = 0;
        foreach (var header in headers)
        {
            var summarizer = new MessageSummarizer();
            summarizer.Push(Encoding.ASCII.GetBytes(header));
            var message = Numbered(++number);
            if (!messages.Add(message))
            {
                messages.TryLook(message, new MessageGlance(message.Uid, summarizer.Complete().Encode().Span), MessageFields.All);
            }
        }

        messages.Complete();
        return messages;
    }

    /// <summary>Messages whose keys are these; the first octet of each is not compared.</summary>
    public static KeyedMessages OfKeys(params (KeyKind Kind, IReadOnlyList<byte[]> Keys)[] columns)
    {
        var keys = new MailboxKeys();
        foreach (var (kind, values) in columns)
        {
            var rows = new KeyRows();
            for (var i = 0; i < values.Count; i++)
            {
                values[i].CopyTo(rows.Reserve(values[i].Length));
                rows.Add((uint)i + 1, values[i].Length);
            }

            keys.Take(kind, rows, values.Count, isLast: true);
        }

        var messages = new KeyedMessages(keys, [.. columns.Select(static column => column.Kind)], expected: 0);
        for (var i = 1; i <= columns[0].Keys.Count; i++)
        {
            messages.Add(Numbered(i));
        }

        messages.Complete();
        return messages;
    }

    private static NumberedMessage Numbered(int number) => new(number, new Uid((uint)number), 0, default, 1, false);
}
