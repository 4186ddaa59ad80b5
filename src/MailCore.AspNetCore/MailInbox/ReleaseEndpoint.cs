using System.Globalization;
using System.Net;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>
/// Sends a message on to real addresses: its octets as they came, behind a block of Resent fields (RFC 5322 3.6.6) and a field that says
/// who did it. A message that has been sent on so is not sent on again.
/// </summary>
internal sealed partial class ReleaseEndpoint(InboxServices inbox, ILogger logger)
{
    private const int MaxRecipients = 20;

    /// <summary>Marks messages that were sent on, by whom and to where.</summary>
    private const string Mark = "X-MailCore-Released";

    public ValueTask<InboxProblem?> ReleaseAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        if (inbox.Options.ReleaseSender is not { } sender)
        {
            return new InboxProblem(StatusCodes.Status409Conflict, "Release is off", "The host allows nobody to send messages on: AllowRelease.");
        }

        if (await InboxJson.ReadAsync(http, InboxJson.Default.ReleaseBody).ConfigureAwait(false) is not { } body)
        {
            return InboxProblem.BadRequest("The body is JSON: {\"to\": [\"someone@example.org\"]}.");
        }

        if (TryParse(body.To, out var recipients) is { } problem)
        {
            return problem;
        }

        var header = (await message.ReadHeaderAsync(http.RequestAborted).ConfigureAwait(false))[message.PrefixLength..];
        if (IsMarked(header.Span))
        {
            return new InboxProblem(StatusCodes.Status409Conflict, "Released before", $"The message has a field {Mark}: it was sent on to here.");
        }

        return await SendAsync(http, message, new Release(sender, recipients, !Ascii.IsValid(header.Span))).ConfigureAwait(false);
    });

    private InboxProblem? TryParse(IReadOnlyList<string> to, out List<EmailAddress> recipients)
    {
        recipients = [];
        if (to.Count is 0 or > MaxRecipients)
        {
            return Refused($"A message is sent on to 1 up to {MaxRecipients} addresses.");
        }

        foreach (var text in to)
        {
            if (!EmailAddress.TryParse(text, out var address))
            {
                return Refused("One of them is no e-mail address.");
            }

            if (!inbox.Options.ReleaseTo.Any(pattern => pattern.Matches(address)))
            {
                return Refused($"Messages are not sent on to {address}. Allowed: {inbox.Options.ReleaseHint}.");
            }

            if (!recipients.Contains(address))
            {
                recipients.Add(address);
            }
        }

        return null;
    }

    private async ValueTask<InboxProblem?> SendAsync(HttpContext http, InboxMessage message, Release release)
    {
        var envelope = new Envelope(new ReversePath(release.Sender)) { SmtpUtf8 = release.IsInternationalized };
        envelope.Recipients.AddRange(release.Recipients.Select(static address => new Recipient(address)));
        var by = http.User.Identity?.Name ?? "somebody";
        var octets = message.OpenBehind(Encoding.UTF8.GetBytes(Fields(release, by)));
        SubmissionResult result;
        await using (octets.ConfigureAwait(false))
        {
            result = await inbox.Submission.SubmitAsync(envelope, octets, http.RequestAborted).ConfigureAwait(false);
        }

        Released(result.QueueId, message.Key.ToString(), by, http.Connection.RemoteIpAddress);
        if (!result.Replies.Any(static reply => reply.IsPositive))
        {
            return Refused($"The server does not take it: {result.Replies[0]}");
        }

        http.Response.StatusCode = StatusCodes.Status202Accepted;
        var recipients = release.Recipients.Select((address, i) => new ReleasedRecipientBody(address.ToString(), result.Replies[i].IsPositive, result.Replies[i].ToString()));
        await InboxJson.WriteAsync(http, new ReleasedBody(result.QueueId, [.. recipients]), InboxJson.Default.ReleasedBody).ConfigureAwait(false);
        return null;
    }

    private string Fields(Release release, string by)
    {
        var now = inbox.Time.GetUtcNow();
        return new StringBuilder()
            .Append("Resent-Date: ").Append(now.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture)).Append("\r\n")
            .Append("Resent-From: <").Append(release.Sender).Append(">\r\n")
            .Append("Resent-To: ").AppendJoin(",\r\n ", release.Recipients.Select(static address => $"<{address}>")).Append("\r\n")
            .Append("Resent-Message-ID: <").Append(Guid.NewGuid().ToString("N")).Append('@').Append(inbox.HostName).Append(">\r\n")
            .Append(Mark).Append(": ").Append(inbox.HostName).Append(", by ").Append(OneWord(by)).Append("\r\n")
            .ToString();
    }

    // A user's name may hold anything.
    private static string OneWord(string text) => string.Concat(text.Take(200).Select(static c => c is >= ' ' and <= '~' ? c : '?'));

    private static bool IsMarked(ReadOnlySpan<byte> header)
    {
        foreach (var field in new HeaderReader(header))
        {
            if (field.Is("X-MailCore-Released"u8))
            {
                return true;
            }
        }

        return false;
    }

    private static InboxProblem Refused(string detail) => new(StatusCodes.Status422UnprocessableEntity, "Not sent on", detail);

    [LoggerMessage(EventId = 9102, Level = LogLevel.Information, Message = "{QueueId}: message {Message} of the inbox was sent on by {By} from {Client}")]
    private partial void Released(string queueId, string message, string by, IPAddress? client);

    private sealed record Release(EmailAddress Sender, IReadOnlyList<EmailAddress> Recipients, bool HasEightBitHeader)
    {
        public bool IsInternationalized => HasEightBitHeader || Sender.IsInternationalized || Recipients.Any(static address => address.IsInternationalized);
    }
}
