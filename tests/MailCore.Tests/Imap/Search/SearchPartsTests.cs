using MailCore.Imap.Search;
using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Search;

/// <summary>What searches are made of, against the slow and obvious way.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SearchPartsTests
{
    [Test]
    public void Runs_hold_what_was_added_and_not_removed([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var (runs, model) = (new UidRuns(), new SortedSet<uint>());
        for (var step = 0; step < 2_000; step++)
        {
            var uid = (uint)random.Next(1, 60);
            Assert.That(random.Next(2) == 0 ? runs.Add(new Uid(uid)) == model.Add(uid) : runs.Remove(new Uid(uid)) == model.Remove(uid), Is.True);
            Assert.That(runs.Contains(new Uid(uid)), Is.EqualTo(model.Contains(uid)));
            Assert.That(runs.ToSet().Select(static one => one.Value), Is.EqualTo(model));
            Assert.That(runs.RunCount, Is.EqualTo(runs.ToSet().Ranges.Length), "no two ranges touch");
        }
    }

    [TestCase(SearchContext.MaxRuns, false)]
    [TestCase(SearchContext.MaxRuns + 1, true)]
    public void A_result_of_so_many_ranges_is_followed(int count, bool isTooLarge)
    {
        var mailbox = new SelectedMailbox(new View.ViewServer().State);
        SearchPlan.TryMake(new SearchKey.And([]), mailbox, out var plan);
        var runs = new UidRuns();
        for (var i = 0; i < count; i++)
        {
            runs.Append(new Uid((uint)(1 + (2 * i))), isNext: false);
        }

        Assert.That(new SearchContext([], plan, areUids: true, runs).IsTooLarge, Is.EqualTo(isTooLarge));
    }

    [Test]
    public void A_page_of_numbers_is_that_of_the_list([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2_000; round++)
        {
            int[] numbers = [.. Enumerable.Range(1, random.Next(1, 40)).Where(_ => random.Next(3) > 0)];
            var set = SequenceSet.From([.. numbers.Select(static number => new SequenceRange(number, number))]);
            var page = new PageRange((uint)random.Next(1, 30), random.Next(20) == 0 ? uint.MaxValue : (uint)random.Next(1, 30), random.Next(2) == 0);
            var places = Enumerable.Range(0, numbers.Length).Where(index => page.IsFromEnd
                ? numbers.Length - index >= page.Low && numbers.Length - index <= page.High
                : index + 1 >= page.Low && index + 1 <= page.High);
            int[] expected = [.. places.Select(index => numbers[index])];
            Assert.That(Expand(set.Page(page)), Is.EqualTo(expected), $"{page} of {string.Join(',', numbers)}");
            if (page.IsFromEnd)
            {
                var last = new LastPage(page);
                Array.ForEach(numbers, number => last.Add(new NumberedMessage(number, new Uid((uint)number), 0, default, 0, IsDeparted: false)));
                Assert.That(Expand(last.Take()), Is.EqualTo(expected), $"{page} of {string.Join(',', numbers)}");
            }
        }
    }

    [Test]
    public void Criteria_become_the_smallest_tree()
    {
        var mailbox = new SelectedMailbox(new View.ViewServer().State);
        Assert.That(Root("UNSEEN UNDELETED (FLAGGED ALL)"), Is.InstanceOf<ColumnNode.Flags>());
        Assert.That(Root("NOT NOT NOT SEEN"), Is.InstanceOf<ColumnNode.Flags>());
        Assert.That(Root("SEEN UNSEEN TEXT x"), Is.SameAs(SearchNode.Constant.False));
        Assert.That(Root("OR ALL TEXT x"), Is.SameAs(SearchNode.Constant.True));
        Assert.That(Root("NOT (OR ALL TEXT x) LARGER 3"), Is.SameAs(SearchNode.Constant.False));
        Assert.That(Root("OR (OR TEXT x SUBJECT y) (OR SEEN FLAGGED)"), Is.InstanceOf<SearchNode.Group>().With.Property("Nodes").Count.EqualTo(4));
        var ordered = (SearchNode.Group)Root("TEXT x SUBJECT y BEFORE 1-Jan-2025 HEADER X z LARGER 5 SEEN");
        Assert.That(ordered.Nodes.Select(static node => node.Cost), Is.Ordered);

        SearchNode Root(string criteria)
        {
            var reader = new ImapReader(System.Text.Encoding.ASCII.GetBytes(criteria), 50);
            Assert.That(SearchPlan.TryMake(reader.SearchCriteria(), mailbox, out var plan), Is.True);
            Assert.That(reader.Error, Is.Null);
            return plan.Root;
        }
    }

    [TestCase(SearchFilters.MaxExpansions, true)]
    [TestCase(SearchFilters.MaxExpansions + 1, false)]
    public async Task So_many_filters_are_put_into_one_search(int count, bool isDone)
    {
        await using var server = new ImapTestServer();
        var account = await server.AddUserAsync();
        await account.SetMetadataAsync([
            ("/private/filters/values/many", System.Text.Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Repeat("FILTER one", count - 1)))),
            ("/private/filters/values/one", "SEEN"u8.ToArray()),
        ]);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.RunAsync("SEARCH FILTER many"))[^1], Does.Contain(isDone ? " OK Searched" : " NO [UNDEFINED-FILTER one]"));
    }

    private static List<int> Expand(SequenceSet set)
    {
        var all = new List<int>();
        foreach (var number in set)
        {
            all.Add(number);
        }

        return all;
    }
}
