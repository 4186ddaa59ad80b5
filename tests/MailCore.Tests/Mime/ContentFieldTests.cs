using System.Text;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class ContentFieldTests
{
    [TestCase("text/html; charset=utf-8", "text/html", "charset=utf-8")]
    [TestCase("TEXT/Html;CHARSET=UTF-8", "TEXT/Html", "CHARSET=UTF-8")]
    [TestCase(" text / html ; charset = \"utf-8\" ", "text/html", "charset=utf-8")]
    [TestCase("text/plain; charset=us-ascii (Plain; text)", "text/plain", "charset=us-ascii")]
    [TestCase("(c) text (c) / (c) html (c); (c) a (c) = (c) b (c)", "text/html", "a=b")]
    [TestCase("text", "text/plain", "")]
    [TestCase("", "text/plain", "")]
    [TestCase("; charset=utf-8", "text/plain", "charset=utf-8")]
    [TestCase("pdf; name=x.pdf", "text/plain", "name=x.pdf")]
    [TestCase("/html", "text/plain", "")]
    [TestCase("text/", "text/plain", "")]
    [TestCase("text/html charset=utf-8", "text/html", "charset=utf-8")]
    [TestCase("text/html; charset=utf-8 format=flowed", "text/html", "charset=utf-8; format=flowed")]
    [TestCase("image/png; name=my holiday picture (1).png; x=y", "image/png", "name=my holiday picture (1).png; x=y")]
    [TestCase("image/png; name=picture(1).png", "image/png", "name=picture(1).png")]
    [TestCase("image/png; name=\"a;b\\\"c\\\\d\"; x=y", "image/png", "name=a;b\"c\\d; x=y")]
    [TestCase("image/png; name=\"unclosed; x=y", "image/png", "name=unclosed; x=y")]
    [TestCase("image/png; name=; x=", "image/png", "name=; x=")]
    [TestCase("image/png;;; x=y;", "image/png", "x=y")]
    [TestCase("image/png; =x; y; \"z\"; a=b", "image/png", "a=b")]
    [TestCase("image/png; name=a=b=c", "image/png", "name=a=b=c")]
    [TestCase("multipart; charset=x", "text/plain", "")]
    public void Content_type_is_read_as_meant(string value, string type, string parameters)
    {
        var root = Summaries.Of($"Content-Type: {value}\r\n\r\n").Root;
        Assert.That(root.Type(), Is.EqualTo(type));
        Assert.That(Summaries.Text(root.Parameters), Is.EqualTo(parameters));
    }

    [TestCase("a*0=x; a*1=y", "a=xy")]
    [TestCase("a*1=y; b=z; a*0=x", "a=xy; b=z")]
    [TestCase("a*0=x; a*2=z", "a=x")]
    [TestCase("a*1=y", "")]
    [TestCase("a*0=x; A*1=y", "a=xy")]
    [TestCase("a*0=x; a*0=q; a*1=y", "a=xy")]
    [TestCase("a*0*=utf-8''%C3; a*1*=%BC", "a*=utf-8''%C3%BC")]
    [TestCase("a*0*=utf-8''x; a*1=\"b c%\"; a*2*=%20d", "a*=utf-8''xb%20c%25%20d")]
    [TestCase("a*0=\"x y\"; a*1*=z", "a*=''x%20yz")]
    [TestCase("a*=utf-8'en'x%20y", "a*=utf-8'en'x%20y")]
    [TestCase("a*x=1; *=2; *0=3; a**=4", "a*x=1; *=2; *0=3; a**=4")]
    [TestCase("a*00001=1", "a*00001=1")]
    [TestCase("a=plain; a*0=x; a*1=y", "a=plain; a=xy")]
    public void RFC_2231_continuations_are_joined(string parameters, string expected) =>
        Assert.That(Summaries.Text(Summaries.Of($"Content-Type: a/b; {parameters}\r\n\r\n").Root.Parameters), Is.EqualTo(expected));

    [TestCase("name=plain", "plain")]
    [TestCase("NAME=plain", "plain")]
    [TestCase("other=x", null)]
    [TestCase("name=\"=?utf-8?Q?=C3=BC?=\"", "ü")]
    [TestCase("name*=utf-8''%C3%BC", "ü")]
    [TestCase("name*=iso-8859-1'de'%FC", "ü")]
    [TestCase("name*=nosuch''%41", "A")]
    [TestCase("name*=nothing%20quoted", "nothing quoted")]
    [TestCase("name*=utf-8''%zz%4", "%zz%4")]
    [TestCase("name=fallback; name*=utf-8''better", "better")]
    [TestCase("name*=utf-8''line%0D%0AInjected:%20x%00", "line  Injected: x ")]
    public void A_parameter_is_given_as_text(string parameters, string? expected) =>
        Assert.That(Summaries.Of($"Content-Type: a/b; {parameters}\r\n\r\n").Root.GetParameter("name"), Is.EqualTo(expected));

    [TestCase("--x\r\n", "boundary=x")]
    [TestCase("--x\r\n", "boundary=\"x  \"")]
    [TestCase("--xy\r\n", "boundary*0=x; boundary*1=y")]
    [TestCase("--x=y\r\n", "boundary*=us-ascii''x%3Dy")]
    [TestCase("--a:b?c=d/e\r\n", "boundary=a:b?c=d/e")]
    [TestCase("--(a)\r\n", "boundary=\"(a)\"")]
    public void A_boundary_is_found_in_every_form_of_a_parameter(string line, string parameter) =>
        Assert.That(Summaries.Of($"Content-Type: multipart/mixed; {parameter}\r\n\r\n{line}\r\nbody").Root.Children, Has.Count.EqualTo(1));

    [Test]
    public void A_multipart_without_a_subtype_is_mixed() =>
        Assert.That(Summaries.Of("Content-Type: multipart; boundary=x\r\n\r\n--x\r\n\r\n").Root.Type(), Is.EqualTo("multipart/mixed"));

    [Test]
    public void A_boundary_longer_than_a_line_is_none([Values(998, 999)] int length)
    {
        var boundary = new string('b', length);
        var root = Summaries.Of($"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n\r\n--{boundary}--\r\n").Root;
        Assert.That(root.IsMultipart, Is.EqualTo(length == 998));
    }

    [Test]
    public void All_fields_of_a_part_are_read()
    {
        var part = Summaries.Of(MessageCorpus.Get("quoted-printable").ReadAll()).Root;
        Assert.That(Summaries.Text(part.Parameters), Is.EqualTo("charset=iso-8859-1; format=flowed; delsp=yes"));
        Assert.That(Summaries.Text(part.TransferEncoding), Is.EqualTo("quoted-printable"));
        Assert.That(part.Languages.Select(tag => Summaries.Text(tag)), Is.EqualTo(new[] { "de", "en-GB" }));
        Assert.That(Summaries.Text(part.ContentId), Is.EqualTo("<qp.1@example.org>"));
        Assert.That(Summaries.Text(part.Description), Is.EqualTo("A note in =?iso-8859-1?Q?Gr=FCn?="));
        Assert.That(Summaries.Text(part.Md5), Is.EqualTo("Q2hlY2sgSW50ZWdyaXR5IQ=="));
        Assert.That(Summaries.Text(part.Location), Is.EqualTo("http://example.org/ notes/1.txt"));
        Assert.That(part.Disposition, Is.Null);
    }

    [Test]
    public void A_disposition_keeps_its_joined_and_extended_parameters()
    {
        var part = Summaries.Of(MessageCorpus.Get("multipart-mixed-attachment").ReadAll()).Root.Children[1];
        Assert.That(Summaries.Text(part.Parameters), Is.EqualTo("name=annual report 2025.bin"));
        Assert.That(Summaries.Text(part.Disposition), Is.EqualTo("attachment"));
        Assert.That(Summaries.Text(part.DispositionParameters), Is.EqualTo("filename*=utf-8''J%C3%A4hrlicher%20Bericht%202025.bin; size=256"));
        Assert.That(part.GetDispositionParameter("filename"), Is.EqualTo("Jährlicher Bericht 2025.bin"));
        Assert.That(part.GetDispositionParameter("size"), Is.EqualTo("256"));
    }

    [Test]
    public void Broken_fields_of_the_corpus_are_read_as_far_as_they_go()
    {
        var parts = Summaries.Of(MessageCorpus.Get("broken-content-type").ReadAll()).Root.Children;
        Assert.That(parts[1].GetParameter("charset"), Is.EqualTo("utf-8"));
        Assert.That(Summaries.Text(parts[2].Parameters), Is.EqualTo("name=a.pdf; z=; q=unclosed"));
        Assert.That(Summaries.Text(parts[3].Parameters), Is.EqualTo("name=my holiday picture (1).jpg"));
        Assert.That(Summaries.Text(parts[3].TransferEncoding), Is.EqualTo("BASE64"));
        Assert.That(parts[3].GetDispositionParameter("filename"), Is.EqualTo("C:\\dir\\x.jpg"));
        Assert.That(Summaries.Text(parts[4].Parameters), Is.EqualTo("charset=utf-8; format=flowed; name*=utf-8'en'a%20b; name=plain; w=ab; v*x=1; u*=x%41"));
        Assert.That(parts[4].GetParameter("name"), Is.EqualTo("a b"));
    }

    [Test]
    public void Eight_bit_parameters_keep_their_octets()
    {
        var part = Summaries.Of(MessageCorpus.Get("smtputf8").ReadAll()).Root;
        Assert.That(part.Parameters[1].Value.ToArray(), Is.EqualTo(Encoding.UTF8.GetBytes("résumé.txt")));
        Assert.That(part.GetParameter("name"), Is.EqualTo("résumé.txt"));
    }

    [TestCase("", "7bit")]
    [TestCase("Content-Transfer-Encoding: base64\r\n", "base64")]
    [TestCase("Content-Transfer-Encoding: \"Base64\" (really)\r\n", "Base64")]
    [TestCase("Content-Transfer-Encoding:\r\n", "7bit")]
    [TestCase("Content-Transfer-Encoding: 8bit; x=y\r\n", "8bit")]
    public void Transfer_encoding_is_one_token(string field, string expected) =>
        Assert.That(Summaries.Text(Summaries.Of($"{field}\r\n").Root.TransferEncoding), Is.EqualTo(expected));
}
