using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class CorpusTests
{
    [Test]
    public void Every_message_has_the_length_it_says_and_a_name_of_its_own()
    {
        var all = MessageCorpus.All.ToList();
        Assert.That(all.Select(message => message.Name), Is.Unique);
        Assert.That(all, Has.Count.GreaterThan(40));
        foreach (var message in all)
            Assert.That(message.ReadAll(), Has.Length.EqualTo(message.Length), message.Name);
    }

    [TestCase("plain", true)]
    [TestCase("empty", true)]
    [TestCase("dots", true)]
    [TestCase("no-final-crlf", false)]
    [TestCase("broken-nul", false)]
    [TestCase("broken-bare-lf", false)]
    [TestCase("broken-bare-cr", false)]
    public void Files_keep_their_line_ends_in_the_source_tree(string name, bool survivesSmtp) =>
        Assert.That(MessageCorpus.Get(name).SurvivesSmtp(), Is.EqualTo(survivesSmtp));
}
