using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Messages that do not mean well, and messages that are broken.</summary>
[CancelAfter(120_000)]
internal sealed class InboxContentTests
{
    private const string Pixel = "R0lGODlhAQABAAAAACw=";

    // What a browser does with each of them is shown by the page's own tests; here they come out in the sandbox, and do not reach out.
    private static readonly string[] Hostile =
    [
        "<script>parent.document.title='x'</script>",
        "<script src=http://attacker.example/x.js></script>",
        "<img src=x onerror=alert(1)>",
        "<img src=http://attacker.example/pixel.gif>",
        "<img srcset='http://attacker.example/a 1x'>",
        "<body background=http://attacker.example/b.png onload=alert(1)>",
        "<svg/onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
        "<iframe src=javascript:alert(1)></iframe><iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data=http://attacker.example/x.swf></object><embed src=http://attacker.example/y>",
        "<form action=http://attacker.example/><input name=a><button>go</button></form>",
        "<a href=javascript:alert(1) target=_top>x</a><a href=http://attacker.example ping=http://attacker.example/p>y</a>",
        "<style>@import url(http://attacker.example/s.css);*{background:url(http://attacker.example/b)}</style>",
        "<p style=\"background:url('http://attacker.example/c');behavior:url(x.htc)\">x</p>",
        "<video src=http://attacker.example/v autoplay></video><audio src=http://attacker.example/a></audio>",
        "</iframe></frame></html><script>alert(1)</script>",
        "<!--><script>alert(1)</script>-->",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<template><script>alert(1)</script></template><plaintext><b>",
        "<input type=image src=http://attacker.example/i><isindex action=http://attacker.example>",
        "\0<scr\0ipt>alert(1)</script>\uFEFF",
    ];

    [TestCaseSource(nameof(Hostile))]
    public async Task Hostile_html_comes_as_it_is_in_a_sandbox_of_its_own(string html)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await HtmlAsync(inbox, html);
        Assert.That(await answer.Content.ReadAsStringAsync(), Is.EqualTo(html.TrimStart('\uFEFF')).Or.EqualTo(html));
        AssertSandboxed(answer);
    }

    [TestCase("<meta http-equiv=refresh content='0;url=http://attacker.example'>x", "x")]
    [TestCase("a<META\nhttp-equiv=\"refresh\" content=\"0>url=x\">b", "ab")]
    [TestCase("<link rel=dns-prefetch href=//attacker.example><link rel=stylesheet href=http://attacker.example/s>x", "x")]
    [TestCase("<base href='http://attacker.example/'>x<base/target=_top>", "x")]
    [TestCase("<metadata>x</metadata><linked>", "<metadata>x</metadata><linked>")]
    [TestCase("</meta>x", "</meta>x")]
    [TestCase("<!-- <meta> -->x", "<!-- <meta> -->x")]
    [TestCase("<meta name=x", "")]
    [TestCase("<meta content='>' <b>x</b>", "x</b>")]
    public async Task Tags_that_reach_out_by_themselves_are_left_out(string html, string expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await HtmlAsync(inbox, html);
        Assert.That(await answer.Content.ReadAsStringAsync(), Is.EqualTo(expected));
    }

    [TestCase("<img src=\"cid:pic@x\">", "<img src=\"DATA\">")]
    [TestCase("<img src=cid:pic@x>", "<img src=\"DATA\">")]
    [TestCase("<IMG alt='>' SRC = 'CID:pic@x' />", "<IMG alt='>' SRC = \"DATA\" />")]
    [TestCase("<img src=\" cid:pic%40x \">", "<img src=\"DATA\">")]
    [TestCase("<img src=\"&#99;id:pic&#64;x\">", "<img src=\"DATA\">")]
    [TestCase("<td background=cid:pic@x>", "<td background=\"DATA\">")]
    [TestCase("<p style=\"background:url(cid:pic@x)\">", "<p style=\"background:url(DATA)\">")]
    [TestCase("<p style='background: URL( &quot;cid:pic@x&quot; ) , url(b)'>", "<p style=\"background: URL( &quot;DATA&quot; ) , url(b)\">")]
    [TestCase("<style>p{background:url('cid:pic@x')}</style>", "<style>p{background:url('DATA')}</style>")]
    [TestCase("<img src=cid:none@x>", "<img src=\"data:,\">")]
    [TestCase("<img src=cid:svg@x>", "<img src=\"data:,\">")]
    [TestCase("<img src=cid:html@x>", "<img src=\"data:,\">")]
    [TestCase("<a href=cid:pic@x>cid:pic@x</a>", "<a href=cid:pic@x>cid:pic@x</a>")]
    [TestCase("<!-- <img src=cid:pic@x> -->", "<!-- <img src=cid:pic@x> -->")]
    [TestCase("<script>'<img src=cid:pic@x>'</script>", "<script>'<img src=cid:pic@x>'</script>")]
    [TestCase("<img src='cid:pic@x", "<img src=\"DATA\"")]
    [TestCase("<img src=\"cid:x&quot; onerror=alert(1)\">", "<img src=\"data:,\">")]
    [TestCase("<img src=\"cid:&quot;><script>alert(1)</script>\">", "<img src=\"data:,\">")]
    public async Task Images_of_the_message_stand_in_the_text(string html, string expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await HtmlAsync(inbox, html);
        Assert.That(await answer.Content.ReadAsStringAsync(), Is.EqualTo(expected.Replace("DATA", $"data:image/gif;base64,{Pixel}", StringComparison.Ordinal)));
        AssertSandboxed(answer);
    }

    [TestCase(0, 2)]
    [TestCase(-1, 1)]
    public async Task Images_end_at_their_limit_wherever_they_stand(int beyond, int expected)
    {
        // Each place where the image stands counts by its encoded length.
        await using var inbox = await InboxHost.StartAsync(options => options.MaxInlineImages = (2 * Pixel.Length) + beyond);
        using var answer = await HtmlAsync(inbox, "<img src=cid:pic@x><img src=cid:pic@x><img src=cid:pic@x>");
        Assert.That((await answer.Content.ReadAsStringAsync()).Split(Pixel), Has.Length.EqualTo(expected + 1));
    }

    [TestCase(0)]
    [TestCase(1)]
    public async Task A_text_is_cut_at_its_limit(int beyond)
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.MaxTextLength = 5_000);
        await inbox.AppendAsync($"Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\n{new string('x', 5_000 + beyond)}\r\n--a\r\nContent-Type: text/html\r\n\r\n{new string('y', 5_000 + beyond)}\r\n--a--\r\n");
        var path = $"api/messages/{await inbox.NewestAsync()}";
        Assert.That(await inbox.Http.GetStringAsync($"{path}/text"), Is.EqualTo(new string('x', 5_000)));
        Assert.That(await inbox.Http.GetStringAsync($"{path}/html"), Is.EqualTo(new string('y', 5_000)));
    }

    [Test]
    public async Task A_large_image_comes_whole()
    {
        var octets = new byte[100_001];
        new Random(1).NextBytes(octets);
        await using var inbox = await InboxHost.StartAsync();
        var encoded = string.Join("\r\n", Convert.ToBase64String(octets).Chunk(76).Select(static line => new string(line)));
        await inbox.AppendAsync($"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n<img src=cid:p>\r\n--r\r\nContent-Type: image/jpg\r\nContent-ID: <p>\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--r--\r\n");
        var path = $"api/messages/{await inbox.NewestAsync()}";
        Assert.That(await inbox.Http.GetStringAsync($"{path}/html"), Is.EqualTo($"<img src=\"data:image/jpeg;base64,{Convert.ToBase64String(octets)}\">"));
        Assert.That(await inbox.Http.GetByteArrayAsync($"{path}/parts/2"), Is.EqualTo(octets));
    }

    [TestCase("image/svg+xml", null)]
    [TestCase("text/html", null)]
    [TestCase("application/xhtml+xml", null)]
    [TestCase("text/xml", null)]
    [TestCase("text/plain; charset=utf-7", null)]
    [TestCase("application/pdf", null)]
    [TestCase("text/javascript", null)]
    [TestCase("image/png", "image/png")]
    [TestCase("IMAGE/JPG", "image/jpeg")]
    [TestCase("image/gif", "image/gif")]
    [TestCase("image/webp", "image/webp")]
    public async Task An_attachment_is_never_shown_as_a_document(string type, string? image)
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync($"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: {type}; name=a.html\r\nContent-Disposition: inline; filename=a.html\r\n\r\n<script>alert(1)</script>\r\n--m--\r\n");
        using var answer = await inbox.Http.GetAsync($"api/messages/{await inbox.NewestAsync()}/parts/1");
        Assert.That(answer.Content.Headers.ContentType!.ToString(), Is.EqualTo(image ?? "application/octet-stream"));
        Assert.That(answer.Content.Headers.ContentDisposition?.DispositionType, Is.EqualTo(image is null ? "attachment" : null));
        Assert.That(answer.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
        Assert.That(answer.Headers.GetValues("Content-Security-Policy").Single(), Does.StartWith("sandbox;"));
    }

    [TestCase("report.pdf", "report.pdf")]
    [TestCase("../../etc/passwd", "passwd")]
    [TestCase("..\\\\..\\\\autoexec.bat", "autoexec.bat")]
    [TestCase("a\\\"; filename=evil.exe", "a__ filename=evil.exe")]
    [TestCase("=?utf-8?Q?a=0D=0AX-Evil:_1?=", "a  X-Evil_ 1")]
    [TestCase("=?utf-8?B?4oCucG5nLmV4ZQ==?=", "png.exe")]
    [TestCase("=?utf-8?Q?gr=C3=BC=C3=9Fe.txt?=", "grüße.txt")]
    [TestCase("=?utf-8?Q?=F0=9F=92=8C.txt?=", "💌.txt")]
    [TestCase("...", "attachment")]
    public async Task A_file_name_can_do_nothing_but_name_a_file(string sent, string expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync($"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: application/x\r\nContent-Disposition: attachment; filename=\"{sent}\"\r\n\r\nx\r\n--m--\r\n");
        using var answer = await inbox.Http.GetAsync($"api/messages/{await inbox.NewestAsync()}/parts/1");
        var raw = answer.Content.Headers.GetValues("Content-Disposition").Single();
        var disposition = ContentDispositionHeaderValue.Parse(raw);
        Assert.That(disposition.FileNameStar ?? disposition.FileName?.Trim('"'), Is.EqualTo(expected), raw);
        Assert.That(raw.All(static c => c is >= ' ' and <= '~'), Is.True, raw);
        Assert.That(answer.Headers.Contains("X-Evil"), Is.False);
    }

    [Test]
    public async Task A_long_file_name_is_cut()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync($"Subject: {new string('s', 900)}\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Disposition: attachment; filename={new string('f', 5_000)}\r\n\r\nx\r\n--m--\r\n");
        var path = $"api/messages/{await inbox.NewestAsync()}";
        foreach (var file in new[] { "parts/1", "source?download=1" })
        {
            using var answer = await inbox.Http.GetAsync($"{path}/{file}");
            Assert.That(answer.Content.Headers.ContentDisposition!.FileName, Has.Length.LessThanOrEqualTo(150), file);
        }
    }

    [Test]
    public async Task Every_message_of_the_corpus_and_what_random_changes_make_of_it_is_answered()
    {
        await using var inbox = await InboxHost.StartAsync();
        var random = new Random(15);
        foreach (var file in MessageCorpus.Files)
        {
            using var octets = new MemoryStream();
            await using (var stream = file.Open())
            {
                await stream.CopyToAsync(octets);
            }

            await inbox.AppendAsync(Encoding.Latin1.GetString(octets.ToArray()));
            for (var i = 0; i < 3; i++)
            {
                await inbox.AppendAsync(Mutate(octets.ToArray(), random));
            }
        }

        await AnswersAllAsync(inbox);
    }

    [Test]
    public async Task Random_markup_is_answered_and_rewriting_it_twice_changes_nothing()
    {
        string[] words =
        [
            "<", ">", "\"", "'", "=", "/", " ", "\t", "!", "--", "<!--", "-->", "<img", " src=", "cid:pic@x", "cid:", "url(", ")", "<style>", "</style>", "<script>", "</script>", "<meta ", "<link ", "<base ", "&quot;", "&#0;",
            "style=", "x", "\u00fc", "<textarea>", "</textarea", "<plaintext>", "<p ", "background=", "\0", "<?", "]]>", "<![CDATA[", "%", "%4", "%ff",
        ];
        await using var inbox = await InboxHost.StartAsync();
        var random = new Random(2026);
        for (var i = 0; i < 300; i++)
        {
            var html = string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => words[random.Next(words.Length)]));
            using var once = await HtmlAsync(inbox, html);
            var first = await once.Content.ReadAsStringAsync();
            AssertSandboxed(once);
            using var twice = await HtmlAsync(inbox, first);
            Assert.That(await twice.Content.ReadAsStringAsync(), Is.EqualTo(first), html);
            if (!html.Contains("cid:", StringComparison.Ordinal) && !html.Contains("<meta", StringComparison.Ordinal) && !html.Contains("<link", StringComparison.Ordinal) && !html.Contains("<base", StringComparison.Ordinal))
            {
                Assert.That(first, Is.EqualTo(html));
            }
        }
    }

    [Test]
    public async Task The_deepest_structure_is_described_whole()
    {
        var message = new StringBuilder();
        for (var i = 0; i < 120; i++)
        {
            message.Append($"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n");
        }

        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync($"Subject: deep\r\n{message}\r\nleaf\r\n");
        await inbox.AppendAsync($"Subject: nested\r\n{string.Concat(Enumerable.Repeat("Content-Type: message/rfc822\r\n\r\n", 120))}\r\nleaf\r\n");
        await AnswersAllAsync(inbox);
    }

    private static async Task AnswersAllAsync(InboxHost inbox)
    {
        string? next = "";
        while (next is not null)
        {
            var page = await inbox.GetAsync($"api/messages?limit=200{(next.Length == 0 ? "" : $"&before={next}")}");
            next = (string?)page["next"];
            foreach (var item in page["messages"]!.AsArray())
            {
                var path = $"api/messages/{item!["id"]}";
                using var whole = await inbox.Http.GetAsync(path);
                Assert.That(whole.StatusCode, Is.EqualTo(HttpStatusCode.OK));
                using var document = JsonDocument.Parse(await whole.Content.ReadAsStringAsync(), new JsonDocumentOptions { MaxDepth = 1_000 });
                foreach (var section in Leaves(document.RootElement.GetProperty("parts")))
                {
                    using var part = await inbox.Http.GetAsync($"{path}/parts/{section}");
                    Assert.That(part.StatusCode, Is.EqualTo(HttpStatusCode.OK), section);
                    await part.Content.ReadAsByteArrayAsync();
                }

                foreach (var (name, isThere) in new[] { ("text", document.RootElement.GetProperty("hasText").GetBoolean()), ("html", document.RootElement.GetProperty("hasHtml").GetBoolean()), ("source", true) })
                {
                    using var answer = await inbox.Http.GetAsync($"{path}/{name}");
                    Assert.That(answer.StatusCode, Is.EqualTo(isThere ? HttpStatusCode.OK : HttpStatusCode.NotFound), name);
                    await answer.Content.ReadAsByteArrayAsync();
                }
            }
        }
    }

    private static IEnumerable<string> Leaves(JsonElement part)
    {
        var children = part.GetProperty("parts").EnumerateArray().SelectMany(Leaves);
        return part.GetProperty("contentType").GetString()!.StartsWith("multipart/", StringComparison.Ordinal) && part.GetProperty("parts").GetArrayLength() > 0
            ? children
            : children.Prepend(part.GetProperty("section").GetString()!);
    }

    private static string Mutate(byte[] octets, Random random)
    {
        var text = new StringBuilder(Encoding.Latin1.GetString(octets));
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(4))
            {
                case 0:
                    text[at] = (char)random.Next(1, 256);
                    break;
                case 1:
                    text.Remove(at, Math.Min(random.Next(40), text.Length - at));
                    break;
                case 2:
                    text.Insert(at, text.ToString(at, Math.Min(random.Next(200), text.Length - at)));
                    break;
                default:
                    text.Insert(at, "\r\n");
                    break;
            }

            if (text.Length == 0)
            {
                text.Append('x');
            }
        }

        return text.ToString();
    }

    private static void AssertSandboxed(HttpResponseMessage answer)
    {
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(answer.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/html; charset=utf-8"));
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single().Split(';', StringSplitOptions.TrimEntries);
        Assert.That(policy, Does.Contain("sandbox").And.Contain("default-src 'none'").And.Contain("img-src data:"));
    }

    private static async Task<HttpResponseMessage> HtmlAsync(InboxHost inbox, string html)
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(html));
        await inbox.AppendAsync(
            $"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n" +
            $"--r\r\nContent-Type: image/gif\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n{Pixel}\r\n" +
            "--r\r\nContent-Type: image/svg+xml\r\nContent-ID: <svg@x>\r\n\r\n<svg onload=alert(1)>\r\n--r\r\nContent-Type: text/html\r\nContent-ID: <html@x>\r\n\r\n<script>\r\n--r--\r\n");
        return await inbox.Http.GetAsync($"api/messages/{await inbox.NewestAsync()}/html");
    }
}
