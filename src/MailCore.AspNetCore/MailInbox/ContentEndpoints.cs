using System.Globalization;
using System.Text;
using MailCore.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>The octets of a message, in the forms that people look at. Nothing in them is shown as a document but the HTML text.</summary>
internal sealed class ContentEndpoints(InboxServices inbox)
{
    private const int MaxFileName = 150;

    public ValueTask<InboxProblem?> TextAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        if (MessageParts.FindBody(message.Summary.Root, "plain"u8) is not { } part)
        {
            return InboxProblem.NoPart;
        }

        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(await ReadAsync(message, part, http.RequestAborted).ConfigureAwait(false), http.RequestAborted).ConfigureAwait(false);
        return null;
    });

    public ValueTask<InboxProblem?> HtmlAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        if (MessageParts.FindBody(message.Summary.Root, "html"u8) is not { } part)
        {
            return InboxProblem.NoPart;
        }

        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.ContentSecurityPolicy = HtmlDocument.Policy;
        http.Response.Headers["X-DNS-Prefetch-Control"] = "off";
        var html = await ReadAsync(message, part, http.RequestAborted).ConfigureAwait(false);
        await new HtmlDocument(message, inbox.Options.MaxInlineImages).WriteAsync(html, http.Response.BodyWriter, http.RequestAborted).ConfigureAwait(false);
        return null;
    });

    public ValueTask<InboxProblem?> SourceAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        if (http.Request.Query["download"] == "1")
        {
            http.Response.ContentType = "message/rfc822";
            http.Response.Headers.ContentDisposition = Attachment($"{message.Summary.Envelope.DecodedSubject ?? "message"}.eml");
        }
        else
        {
            http.Response.ContentType = "text/plain; charset=utf-8";
        }

        http.Response.ContentLength = message.Content.Length;
        await message.Content.CopyToAsync(http.Response.BodyWriter, 0, message.Content.Length, http.RequestAborted).ConfigureAwait(false);
        return null;
    });

    public ValueTask<InboxProblem?> PartAsync(HttpContext http) => inbox.WithContentAsync(http, async message =>
    {
        if (MessageView.Find(message.Summary.Root, http.Request.RouteValues["section"] as string ?? "") is not { } part)
        {
            return InboxProblem.NoPart;
        }

        if (ImageType.Of(part) is { } image)
        {
            http.Response.ContentType = image;
        }
        else
        {
            http.Response.ContentType = "application/octet-stream";
            http.Response.Headers.ContentDisposition = Attachment(MessageParts.BareFileNameOf(part) ?? "attachment");
        }

        var body = message.OpenPart(part);
        await using (body.ConfigureAwait(false))
        {
            await body.CopyToAsync(http.Response.Body, http.RequestAborted).ConfigureAwait(false);
        }

        return null;
    });

    public ValueTask<InboxProblem?> TranscriptAsync(HttpContext http) => inbox.WithMessageAsync(http, async message =>
    {
        if (inbox.FindRecord(message)?.Transcript is not { } transcript)
        {
            return InboxProblem.NoTranscript;
        }

        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(transcript, http.RequestAborted).ConfigureAwait(false);
        return null;
    });

    private async ValueTask<string> ReadAsync(InboxMessage message, MimePart part, CancellationToken cancellationToken)
    {
        var body = message.OpenPart(part);
        await using (body.ConfigureAwait(false))
        {
            return await MessageParts.ReadTextAsync(body, part, inbox.Options.MaxTextLength, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>RFC 6266, with RFC 8187 for what is not ASCII. What hides or turns around the end of a name is left out.</summary>
    private static string Attachment(string fileName)
    {
        var name = new StringBuilder(MaxFileName);
        foreach (var rune in fileName.EnumerateRunes())
        {
            if (name.Length < MaxFileName - 1)
            {
                name.Append(Rune.GetUnicodeCategory(rune) switch
                {
                    UnicodeCategory.Format => "",
                    UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => "_",
                    _ when rune.Value is '"' or '/' or '\\' or ':' or '*' or '?' or '<' or '>' or '|' or '%' or ';' => "_",
                    _ => rune.ToString(),
                });
            }
        }

        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name.ToString().Trim(' ', '.') is { Length: > 0 } safe ? safe : "attachment");
        return disposition.ToString();
    }
}
