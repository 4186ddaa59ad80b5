using System.Text;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class PreviewTests
{
    [TestCase("plain", "Shall we meet at noon? The place on the corner has a table for six. -- Alice")]
    [TestCase("empty", "")]
    [TestCase("headers-only", "")]
    [TestCase("html-only", "Fish & chips for café lovers Grüße aus Köln")]
    [TestCase("quoted-printable", "Grüße, ein langer Satz, der weitergeht. 1=1 Ende.")]
    [TestCase("smtputf8", "Kein Fisch ohne Fahrrad 🐟")]
    [TestCase("multipart-alternative", "The plain form.")]
    [TestCase("multipart-mixed-attachment", "See the attachment.")]
    [TestCase("message-in-multipart", "Forwarded as you asked.")]
    [TestCase("message-at-root", "The inner body.")]
    [TestCase("digest", "one")]
    [TestCase("broken-boundary-in-header", "")]
    [TestCase("broken-no-end-boundary", "one")]
    [TestCase("broken-nul", "before after --n")]
    public void Preview_is_the_first_readable_text_on_one_line(string name, string expected) =>
        Assert.That(Summaries.Of(MessageCorpus.Get(name).ReadAll()).Preview, Is.EqualTo(expected));

    [Test]
    public void A_preview_has_at_most_200_characters([Values(199, 200, 201, 5_000)] int length) =>
        Assert.That(Summaries.Of("\r\n" + new string('x', length)).Preview, Has.Length.EqualTo(Math.Min(length, 200)));

    [Test]
    public void Characters_are_not_split_at_the_end_of_what_is_collected()
    {
        // 2,048 octets are collected; the last character lies across their end.
        foreach (var blanks in Enumerable.Range(1_900, 8))
        {
            var message = Encoding.UTF8.GetBytes("\r\n" + new string(' ', blanks) + new string('ü', 100));
            Assert.That(Summaries.Of(message).Preview, Is.Not.Empty.And.All.EqualTo('ü'));
        }
    }

    [TestCase("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile", "")]
    [TestCase("Content-Type: text/csv\r\n\r\na,b", "")]
    [TestCase("Content-Type: text/plain\r\nContent-Transfer-Encoding: x-unknown\r\n\r\nwhat", "")]
    [TestCase("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ==", "Grüße")]
    [TestCase("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\nR3L832U=", "Grüße")]
    [TestCase("Content-Type: text/html\r\n\r\n<p>a<b>b</b>c<p>d<br>e</p>1 < 2 &lt; 3", "abc d e 1 < 2 < 3")]
    [TestCase("Content-Type: text/html\r\n\r\n<script>x</script><title>t</title><!-- c -->a<style>s", "a")]
    [TestCase("Content-Type: text/html\r\n\r\n<unclosed", "")]
    [TestCase("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n \r\n--b\r\n\r\nsecond\r\n--b--", "second")]
    [TestCase("Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b--\r\nepilogue", "")]
    public void Preview_of_other_bodies(string message, string expected) => Assert.That(Summaries.Of(message).Preview, Is.EqualTo(expected));
}
