using System.Collections.Concurrent;
using MailCore.AspNetCore;

namespace AspNetInbound;

/// <summary>What somebody wrote.</summary>
public sealed record Ticket(string From, string Subject, string Text, IReadOnlyList<string> Files);

/// <summary>In the place of a database.</summary>
public sealed class TicketList
{
    private readonly ConcurrentQueue<Ticket> _tickets = new();

    /// <summary>The oldest first.</summary>
    public IReadOnlyCollection<Ticket> All => _tickets;

    /// <summary>Thread-safe.</summary>
    public void Add(Ticket ticket) => _tickets.Enqueue(ticket);
}

/// <summary>Scoped, as the session of a database would be: one for each message.</summary>
public sealed class TicketDesk(TicketList tickets)
{
    /// <summary>False for a message that can't be a ticket.</summary>
    public async Task<bool> OpenAsync(InboundMail mail, CancellationToken cancellationToken)
    {
        if (mail.Subject.Length == 0)
        {
            return false;
        }

        var text = await mail.ReadTextAsync(cancellationToken) ?? "";
        tickets.Add(new Ticket(mail.Envelope.From.ToString(), mail.Subject, text, [.. mail.Attachments.Select(static file => file.FileName ?? file.ContentType)]));
        return true;
    }
}
