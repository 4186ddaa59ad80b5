using System.Text;
using MailCore.Mime;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class AddressListParserTests
{
    [TestCase("a@b", "(NIL NIL \"a\" \"b\")")]
    [TestCase("<a@b>", "(NIL NIL \"a\" \"b\")")]
    [TestCase("", "")]
    [TestCase(" , ,, ", "")]
    [TestCase("(only a comment)", "")]
    [TestCase("A B <a@b>", "(\"A B\" NIL \"a\" \"b\")")]
    [TestCase("A  \t B <a@b>", "(\"A B\" NIL \"a\" \"b\")")]
    [TestCase("\"A, B\" <a@b>", "(\"A, B\" NIL \"a\" \"b\")")]
    [TestCase("\"A \\\"x\\\" B\" <a@b>", "(\"A \"x\" B\" NIL \"a\" \"b\")")]
    [TestCase("John Q. Public <a@b>", "(\"John Q. Public\" NIL \"a\" \"b\")")]
    [TestCase("a@b (Name)", "(\"Name\" NIL \"a\" \"b\")")]
    [TestCase("a@b (Name (nested) \\) end)", "(\"Name (nested) ) end\" NIL \"a\" \"b\")")]
    [TestCase("<a@b> (Name)", "(\"Name\" NIL \"a\" \"b\")")]
    [TestCase("Real <a@b> (Comment)", "(\"Real\" NIL \"a\" \"b\")")]
    [TestCase("<@x,@y:a@b>", "(NIL \"@x,@y\" \"a\" \"b\")")]
    [TestCase("postmaster", "(NIL NIL \"postmaster\" \"\")")]
    [TestCase("<postmaster>", "(NIL NIL \"postmaster\" \"\")")]
    [TestCase("<>", "(NIL NIL \"\" \"\")")]
    [TestCase("Name <>", "(\"Name\" NIL \"\" \"\")")]
    [TestCase("@b", "(NIL NIL \"\" \"b\")")]
    [TestCase("a@", "(NIL NIL \"a\" \"\")")]
    [TestCase("a@b, c@d", "(NIL NIL \"a\" \"b\") (NIL NIL \"c\" \"d\")")]
    [TestCase("a@b; c@d", "(NIL NIL \"a\" \"b\") (NIL NIL \"c\" \"d\")")]
    [TestCase("a@b <a@b>", "(\"a@b\" NIL \"a\" \"b\")")]
    [TestCase("Alice alice@b", "(\"Alice\" NIL \"alice\" \"b\")")]
    [TestCase("<<a@b>>", "(NIL NIL \"a\" \"b\")")]
    [TestCase("\"a b\"@c", "(NIL NIL \"a b\" \"c\")")]
    [TestCase("a . b @ c . d", "(NIL NIL \"a.b\" \"c.d\")")]
    [TestCase("a(x)@b(y)", "(\"y\" NIL \"a\" \"b\")")]
    [TestCase("a@[IPv6:2001:db8::1]", "(NIL NIL \"a\" \"[IPv6:2001:db8::1]\")")]
    [TestCase("a@[unclosed", "(NIL NIL \"a\" \"[unclosed\")")]
    [TestCase("G:;", "(NIL NIL \"G\" NIL) (NIL NIL NIL NIL)")]
    [TestCase("G: a@b, c@d;, e@f", "(NIL NIL \"G\" NIL) (NIL NIL \"a\" \"b\") (NIL NIL \"c\" \"d\") (NIL NIL NIL NIL) (NIL NIL \"e\" \"f\")")]
    [TestCase("G: a@b", "(NIL NIL \"G\" NIL) (NIL NIL \"a\" \"b\") (NIL NIL NIL NIL)")]
    [TestCase("G: H: a@b;", "(NIL NIL \"G\" NIL) (NIL NIL NIL NIL) (NIL NIL \"H\" NIL) (NIL NIL \"a\" \"b\") (NIL NIL NIL NIL)")]
    [TestCase(": a@b;", "(NIL NIL \"a\" \"b\")")]
    [TestCase("\"unclosed <a@b>", "(NIL NIL \"unclosed <a@b>\" \"\")")]
    [TestCase("a@b (unclosed", "(\"unclosed\" NIL \"a\" \"b\")")]
    [TestCase("<a@b> junk \"quoted, comma\", c@d", "(NIL NIL \"a\" \"b\") (NIL NIL \"c\" \"d\")")]
    [TestCase("[list] A <a@b>", "(\"[list] A\" NIL \"a\" \"b\")")]
    [TestCase("=?utf-8?Q?J=C3=B6rg?= <a@b>", "(\"=?utf-8?Q?J=C3=B6rg?=\" NIL \"a\" \"b\")")]
    [TestCase(">)<a@b>", "(NIL NIL \"a\" \"b\")")]
    [TestCase("\\", "(NIL NIL \"\\\" \"\")")]
    public void Address_list_becomes_entries(string list, string expected) =>
        Assert.That(Summaries.Text(AddressListParser.Parse(Encoding.UTF8.GetBytes(list))), Is.EqualTo(expected));

    [Test]
    public void Addresses_past_the_limit_are_dropped([Values(3, 4, 5)] int count)
    {
        var list = Encoding.ASCII.GetBytes(string.Join(", ", Enumerable.Range(0, count).Select(i => $"a{i}@b")));
        Assert.That(AddressListParser.Parse(list, new MimeLimits { Addresses = 4 }), Has.Length.EqualTo(Math.Min(count, 4)));
    }

    [Test]
    public void A_group_cut_by_the_limit_is_closed()
    {
        var entries = AddressListParser.Parse("G: a@b, c@d, e@f;"u8, new MimeLimits { Addresses = 3 });
        Assert.That(entries, Has.Length.EqualTo(4));
        Assert.That(entries[^1].IsGroupEnd);
    }

    [Test]
    public void Noise_gives_entries_whose_groups_are_closed()
    {
        var messages = new RandomMessages(51);
        for (var round = 0; round < RandomMessages.Count * 5; round++)
        {
            var inGroup = false;
            foreach (var entry in AddressListParser.Parse(messages.Noise(40)))
            {
                Assert.That(entry.IsGroupStart && inGroup, Is.False);
                Assert.That(entry.IsGroupEnd && !inGroup, Is.False);
                inGroup = entry.IsGroupStart || (inGroup && !entry.IsGroupEnd);
            }

            Assert.That(inGroup, Is.False);
        }
    }
}
