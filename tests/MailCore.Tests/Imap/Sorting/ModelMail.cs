using System.Text;

namespace MailCore.Tests.Imap.Sorting;

/// <summary>A message as the references know it, and as it is appended.</summary>
internal sealed record ModelMail(int Number, string? Id, string[] References, string? InReplyTo, string Subject, DateTimeOffset? Sent, DateTimeOffset Arrived)
{
    public DateTimeOffset Date => Sent ?? Arrived;

    public string From { get; init; } = "a@example.org";

    public byte[] Octets()
    {
        var text = new StringBuilder();
        text.Append(Id is null ? "" : $"Message-ID: <{Id}>\r\n");
        text.Append(References.Length == 0 ? "" : $"References: {string.Join("\r\n ", References.Select(static id => $"<{id}>"))}\r\n");
        text.Append(InReplyTo is null ? "" : $"In-Reply-To: <{InReplyTo}> from yesterday\r\n");
        text.Append(Subject.Length == 0 ? "" : $"Subject: {Subject}\r\n");
        text.Append(Sent is { } sent ? $"Date: {sent:ddd, d MMM yyyy HH:mm:ss} {(sent.Offset < TimeSpan.Zero ? '-' : '+')}{sent.Offset:hhmm}\r\n" : "");
        text.Append("From: ").Append(From).Append("\r\n\r\nx\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
