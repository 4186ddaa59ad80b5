using MailCore.Storage;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All)]
public sealed class UidSetTests
{
    [TestCase("1", "1")]
    [TestCase("1:3,5", "1:3,5")]
    [TestCase("5:1", "1:5")]
    [TestCase("3,2,1", "1:3")]
    [TestCase("1:10,5:15,16", "1:16")]
    [TestCase("7,7,7", "7")]
    [TestCase("4294967295", "4294967295")]
    [TestCase("4294967294:4294967295,1", "1,4294967294:4294967295")]
    public void Ranges_are_sorted_and_joined(string text, string expected) => Assert.That(UidSet.Parse(text).ToString(), Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("0")]
    [TestCase("0:5")]
    [TestCase("01")]
    [TestCase("1,")]
    [TestCase(",1")]
    [TestCase("1::2")]
    [TestCase("1:2:3")]
    [TestCase("1:")]
    [TestCase(":1")]
    [TestCase("*")]
    [TestCase("1:*")]
    [TestCase("-1")]
    [TestCase("+1")]
    [TestCase(" 1")]
    [TestCase("1 ")]
    [TestCase("4294967296")]
    [TestCase("a")]
    public void What_is_no_set_is_refused(string text)
    {
        Assert.That(UidSet.TryParse(text, out var set), Is.False);
        Assert.That(set.IsEmpty, Is.True);
        Assert.That(() => UidSet.Parse(text), Throws.TypeOf<FormatException>());
    }

    [Test]
    public void A_set_is_made_of_uids_and_cut()
    {
        var set = UidSet.From(Uids(9, 1, 2, 3, 9));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(set.ToString(), Is.EqualTo("1:3,9"));
            Assert.That(set.Count, Is.EqualTo(4));
            Assert.That(set, Is.EqualTo(Uids(1, 2, 3, 9)));
            Assert.That(set.Within(new Uid(3), new Uid(9)).ToString(), Is.EqualTo("3,9"));
            Assert.That(set.Within(new Uid(4), new Uid(8)).IsEmpty, Is.True);
            Assert.That(UidSet.All.Count, Is.EqualTo(uint.MaxValue));
            Assert.That(UidSet.All.Within(new Uid(4_294_967_294), new Uid(uint.MaxValue)).ToArray(), Has.Length.EqualTo(2));
            Assert.That(UidSet.Empty.ToString(), Is.Empty);
            Assert.That(UidSet.From([]), Is.SameAs(UidSet.Empty));
            Assert.That(() => UidSet.From([default]), Throws.ArgumentException);
        }
    }

    [Test]
    public void Any_set_is_what_its_text_says()
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var uids = Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(1, 60)).ToHashSet();
            var set = UidSet.Parse(UidSet.From(Uids(uids)).ToString());
            Assert.That(set, Is.EqualTo(Uids(uids.Order())));
            Assert.That(Enumerable.Range(1, 60).Where(uid => set.Contains(new Uid((uint)uid))), Is.EqualTo(uids.Order()));
        }
    }

    [Test]
    public void Random_text_is_refused_or_understood()
    {
        var random = new Random(2);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => "0123456789:,,:* "[random.Next(16)]));
            if (UidSet.TryParse(text, out var set))
            {
                Assert.That(UidSet.Parse(set.ToString()).ToString(), Is.EqualTo(set.ToString()));
            }
        }
    }
}
