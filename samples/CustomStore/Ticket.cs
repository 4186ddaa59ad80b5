using System.Text;
using System.Text.Json;
using MailCore.Storage;

namespace CustomStore;

/// <summary>What the application is about. As a message it has a number that is never used again and a text that never changes.</summary>
public sealed record Ticket(uint Number, string Title, string Text, DateTimeOffset Opened)
{
    public byte[] ToMessage() => Encoding.UTF8.GetBytes(
        $"From: Tickets <tickets@example.org>\r\nDate: {Opened:ddd, dd MMM yyyy HH:mm:ss} {Opened.ToString("zzz").Replace(":", "")}\r\n"
        + $"Subject: =?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(Title))}?=\r\n"
        + $"Message-ID: <ticket-{Number}@tickets.example.org>\r\nMIME-Version: 1.0\r\n"
        + $"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{Text}");
}

/// <summary>The tickets of a desk, in a file, and their states: flagged ones are urgent, expunged ones closed.</summary>
public sealed record TicketList(MailboxBook Book, IReadOnlyList<Ticket> Tickets)
{
    public static TicketList Read(string file, DateTimeOffset now) => File.Exists(file)
        ? JsonSerializer.Deserialize<TicketList>(File.ReadAllBytes(file))!
        : new TicketList(MailboxBook.Create(new MailboxId("tickets"), now), []);

    public void Write(string file)
    {
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this));
        File.Move(file + ".new", file, overwrite: true);
    }

    public override string ToString() => string.Join('\n', Tickets.Select(ticket => (ticket, state: Book.Find(new Uid(ticket.Number))!))
        .Where(static pair => !pair.state.IsExpunged)
        .Select(static pair => $"{pair.ticket.Number} {(pair.state.Flags.HasFlag(SystemFlags.Flagged) ? "urgent " : "")}{pair.ticket.Title}"));
}
