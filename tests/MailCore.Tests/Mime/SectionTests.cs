using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

/// <summary>RFC 9051 6.4.5: part numbers of BODY[...].</summary>
[TestFixture]
public class SectionTests
{
    [TestCase("plain", "", "")]
    [TestCase("plain", "1", "")]
    [TestCase("plain", "2", null)]
    [TestCase("plain", "0", null)]
    [TestCase("plain", "-1", null)]
    [TestCase("plain", "1.1", null)]
    [TestCase("empty", "1", "")]
    [TestCase("multipart-alternative", "1", "1")]
    [TestCase("multipart-alternative", "2", "2")]
    [TestCase("multipart-alternative", "3", null)]
    [TestCase("multipart-alternative", "0", null)]
    [TestCase("multipart-alternative", "1.1", null)]
    [TestCase("multipart-nested-five", "2.2.2.2.2", "2.2.2.2.2")]
    [TestCase("multipart-nested-five", "2.2.1", "2.2.1")]
    [TestCase("multipart-nested-five", "2.2.3", null)]
    [TestCase("message-in-multipart", "2", "2")]
    [TestCase("message-in-multipart", "2.1", "2.r.1")]
    [TestCase("message-in-multipart", "2.2", "2.r.2")]
    [TestCase("message-in-multipart", "2.3", null)]
    [TestCase("message-in-multipart", "2.1.1", null)]
    [TestCase("message-in-multipart", "3", "3")]
    [TestCase("message-in-multipart", "3.1", "3.r")]
    [TestCase("message-in-multipart", "3.2", null)]
    [TestCase("message-in-multipart", "3.1.1", null)]
    [TestCase("message-at-root", "1", "")]
    [TestCase("message-at-root", "1.1", "r")]
    [TestCase("message-at-root", "1.2", null)]
    [TestCase("message-at-root", "1.1.1", null)]
    [TestCase("digest", "1.1", "1.r")]
    [TestCase("broken-no-boundary-parameter", "1", "")]
    [TestCase("broken-boundary-never-used", "1", "")]
    [TestCase("broken-boundary-never-used", "1.1", null)]
    public void Numbers_lead_to_a_part(string name, string section, string? path)
    {
        var root = Summaries.Of(MessageCorpus.Get(name).ReadAll()).Root;
        var numbers = section.Length == 0 ? [] : section.Split('.').Select(int.Parse).ToArray();
        var found = root.Find(numbers);
        Assert.That(found is null ? null : Summaries.Walk(root).Single(part => ReferenceEquals(part.Part, found)).Path, Is.EqualTo(path));
    }

    [Test]
    public void A_message_in_a_message_at_the_root_is_reached_by_ones()
    {
        var root = Summaries.Of("Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx").Root;
        Assert.That(root.Find([1]), Is.SameAs(root));
        Assert.That(root.Find([1, 1]), Is.SameAs(root.NestedRoot));
        Assert.That(root.Find([1, 1, 1]), Is.SameAs(root.NestedRoot!.NestedRoot));
        Assert.That(root.Find([1, 1, 1, 1]), Is.Null);
    }

    [Test]
    public void A_tree_at_the_depth_limit_is_walked_without_recursion()
    {
        var root = Summaries.Of(MessageCorpus.Nested(99).ReadAll()).Root;
        Assert.That(root.Find(Enumerable.Repeat(1, 99).ToArray()), Is.Not.Null);
        Assert.That(root.Find(Enumerable.Repeat(1, 100).ToArray()), Is.Null);
    }
}
