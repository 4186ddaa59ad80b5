using System.Globalization;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;

namespace MailCore.Delivery;

/// <summary>
/// The words of one notification: header, explanation, status fields (RFC 3464 2), and what stands around the returned message. Whatever
/// came from outside is one line, without controls, before it is written.
/// </summary>
internal sealed class NotificationText(DeliveryReport report, IReadOnlyList<RecipientEvent> events)
{
    // A reply may have a hundred lines of two thousand octets; nobody reads them.
    private const int MaxReply = 2_000;

    private readonly StringBuilder _text = new();

    public required EmailAddress To { get; init; }

    public required string QueueId { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>UTF-8 may be written (RFC 6533).</summary>
    public required bool IsGlobal { get; init; }

    /// <summary>The sender was the null path; the postmaster is told.</summary>
    public required bool IsDouble { get; init; }

    public required string Boundary { get; init; }

    /// <summary>The message's header.</summary>
    public required ReadOnlyMemory<byte> Original { get; init; }

    /// <summary>Everything before the returned message or header.</summary>
    public byte[] Head(bool isWhole, bool isEightBit)
    {
        WriteHeader();
        WriteExplanation();
        WriteStatus();
        Part((isWhole, IsGlobal) switch
        {
            (true, true) => "message/global",
            (true, false) => "message/rfc822",
            (false, true) => "message/global-headers",
            (false, false) => "text/rfc822-headers",
        }, isWhole ? "Message" : "Message headers", isEightBit);
        return Encoding.UTF8.GetBytes(_text.ToString());
    }

    /// <summary>Everything after it.</summary>
    public byte[] Tail() => Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");

    private void WriteHeader()
    {
        Line($"From: Mail Delivery System <MAILER-DAEMON@{report.ServerName}>");
        Line($"To: <{To}>");
        Line($"Subject: {Subject()}");
        Line($"Date: {TraceHeader.FormatDate(Now)}");
        Line($"Message-ID: <{QueueId}@{report.ServerName}>");
        if (MessageId() is { } original)
        {
            Line($"References: {original}");
        }

        // RFC 3834 5: so that nothing answers.
        Line("Auto-Submitted: auto-replied");
        Line("MIME-Version: 1.0");
        Line("Content-Type: multipart/report; report-type=" + (IsGlobal ? "global-delivery-status" : "delivery-status") + ";");
        Line($"\tboundary=\"{Boundary}\"");
        Line("");
    }

    private string Subject() => IsDouble ? "Postmaster notice: a notification could not be delivered"
        : Has(RecipientAction.Failed) ? "Undelivered mail returned to sender"
        : Has(RecipientAction.Delayed) ? "Delayed mail, still being retried"
        : "Successful mail delivery report";

    private void WriteExplanation()
    {
        Part(IsGlobal ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", "Notification", IsGlobal);
        Line($"This is the mail system at {report.ServerName}.");
        Paragraph(RecipientAction.Failed, IsDouble
            ? "A message without a sender, such as a notification, could not be\r\ndelivered to these recipients:"
            : "Your message could not be delivered to these recipients, and no more\r\nattempts will be made:");
        Paragraph(RecipientAction.Delayed, "Your message could not be delivered yet to these recipients. You do not\r\nhave to send it again; delivery is still being tried:");
        Paragraph(RecipientAction.Delivered, "Your message was delivered to these recipients:");
        Paragraph(RecipientAction.Relayed, "Your message was passed on to servers that do not confirm delivery. You\r\nmay not hear of these recipients again:");
        Paragraph(RecipientAction.Expanded, "Your message was delivered to these lists. Of their members you will\r\nnot hear:");
    }

    private void Paragraph(RecipientAction action, string opening)
    {
        if (!Has(action))
        {
            return;
        }

        Line("");
        Line(opening);
        foreach (var one in events.Where(one => one.Action == action))
        {
            Line("");
            Line($"  <{Written(one.Recipient.ToString())}>");
            if (one.RemoteName is { } remote && action != RecipientAction.Delivered)
            {
                Field($"    {Written(remote)} said:", "    ");
            }

            foreach (var line in Quoted(one.Reply).Split('\n'))
            {
                Field("    " + Written(line), "    ");
            }

            if (one.RetryUntil is { } until)
            {
                Line($"    Delivery is tried until {TraceHeader.FormatDate(until)}.");
            }
        }
    }

    private void WriteStatus()
    {
        Part(IsGlobal ? "message/global-delivery-status" : "message/delivery-status", "Delivery report", IsGlobal);
        if (report.Envelope.EnvelopeId is { } id)
        {
            Line($"Original-Envelope-Id: {Written(id)}");
        }

        Line($"Reporting-MTA: dns; {report.ServerName}");
        if (report.ReceivedFrom is { } from)
        {
            Line($"Received-From-MTA: dns; {Written(from)}");
        }

        Line($"Arrival-Date: {TraceHeader.FormatDate(report.AcceptedAt)}");
        foreach (var one in events)
        {
            WriteRecipient(one);
        }
    }

    private void WriteRecipient(RecipientEvent one)
    {
        Line("");
        if (one.Recipient.Original is { } original)
        {
            Line($"Original-Recipient: {Written(original.AddressType)}; {Written(original.Address)}");
        }

        var address = one.Recipient.Address;
        Line($"Final-Recipient: {(address.IsInternationalized ? "utf-8" : "rfc822")}; {Written(address.ToString())}");
        Line("Action: " + one.Action.ToString().ToLowerInvariant());
        Line($"Status: {Status(one)}");
        if (one.RemoteName is { } remote)
        {
            Line($"Remote-MTA: dns; {Written(remote)}");
        }

        Field("Diagnostic-Code: " + (one.RemoteName is null ? "X-MailCore; " : "smtp; ") + Written(Quoted(one.Reply).Replace('\n', ' ')));
        if (one.LastAttempt is { } last)
        {
            Line($"Last-Attempt-Date: {TraceHeader.FormatDate(last)}");
        }

        if (one.RetryUntil is { } until && one.Action == RecipientAction.Delayed)
        {
            Line($"Will-Retry-Until: {TraceHeader.FormatDate(until)}");
        }
    }

    /// <summary>RFC 3464 2.3.4: 2 with what succeeded, 4 with what goes on; a server that told no status told a class.</summary>
    private static EnhancedStatusCode Status(RecipientEvent one)
    {
        var told = one.Reply.Status ?? new EnhancedStatusCode(one.Reply.Code / 100 is var first and (2 or 4 or 5) ? first : 2, 0, 0);
        return one.Action switch
        {
            RecipientAction.Failed => told.Class == 2 ? new EnhancedStatusCode(5, 0, 0) : told,
            RecipientAction.Delayed => told with { Class = 4 },
            _ => told.Class == 2 ? told : new EnhancedStatusCode(2, 0, 0),
        };
    }

    private static string Quoted(SmtpReply reply)
    {
        var text = reply.ToString();
        return text.Length <= MaxReply ? text : string.Concat(text.AsSpan(0, MaxReply - (char.IsHighSurrogate(text[MaxReply - 1]) ? 1 : 0)), "...");
    }

    private bool Has(RecipientAction action) => events.Any(one => one.Action == action);

    private string? MessageId()
    {
        foreach (var field in new HeaderReader(Original.Span))
        {
            if (field.Is("Message-ID"u8))
            {
                var value = Encoding.Latin1.GetString(field.RawValue).Trim();
                return value.Length is > 2 and < 900 && value[0] == '<' && value[^1] == '>' && value.All(static c => c is > ' ' and < '\x7F') ? value : null;
            }
        }

        return null;
    }

    private void Part(string type, string description, bool isEightBit)
    {
        Line("");
        Line("--" + Boundary);
        Line("Content-Description: " + description);
        Line("Content-Type: " + type);
        if (isEightBit)
        {
            Line("Content-Transfer-Encoding: 8bit");
        }

        Line("");
    }

    /// <summary>A field of any length, folded (RFC 5322 2.2.3).</summary>
    private void Field(string text, string indent = " ")
    {
        const int Width = 76;
        while (text.Length > Width)
        {
            var fold = text.LastIndexOf(' ', Width);
            // A word longer than a line is cut: it is for eyes. Nothing stands alone behind a fold.
            var isCut = fold <= 0 || string.IsNullOrWhiteSpace(text[..fold]);
            var at = isCut ? Width : fold;
            at -= char.IsHighSurrogate(text[at - 1]) ? 1 : 0;
            Line(text[..at]);
            text = indent + text[at..].TrimStart(' ');
        }

        if (!string.IsNullOrWhiteSpace(text))
        {
            Line(text);
        }
    }

    /// <summary>On one line, as this notification may hold it: UTF-8, or ASCII with \x{HEX} (RFC 6533 3).</summary>
    private string Written(string text)
    {
        if (Ascii.IsValid(text) && !text.Any(char.IsControl))
        {
            return text;
        }

        var written = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                written.Append('?');
            }
            else if (rune.IsAscii || IsGlobal)
            {
                written.Append(rune.ToString());
            }
            else
            {
                written.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X2}}}");
            }
        }

        return written.ToString();
    }

    private void Line(string text) => _text.Append(text).Append("\r\n");
}
