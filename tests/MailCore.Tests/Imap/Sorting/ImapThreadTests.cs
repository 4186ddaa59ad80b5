using System.Globalization;
using System.Text;
using MailCore.Imap.Sorting;
using MailCore.Imap.Threads;
using MailCore.Mime;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Sorting;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapThreadTests
{
    private static readonly string[] Subjects =
    [
        "", "lunch", "Re: lunch", "[list] re: Lunch", "lunch (fwd)", "[fwd: lunch]", "dinner", "Fwd: dinner", "RE [5]: [list] dinner", "[list]", "re:",
        "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Re: =?iso-8859-1?q?gr=FC=DFe?=", "=?utf-8?b?UmU6IGx1bmNo?=", "Re: [a] [b] fw: GRÜßE (fwd) (FWD)",
    ];

    [Test]
    public async Task Threads_are_those_of_the_reference([Range(1, 24)] int seed)
    {
        var random = new Random(seed);
        var mails = Generate(random, count: random.Next(1, 40), ids: random.Next(2, 25));
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        foreach (var mail in mails)
        {
            await server.AppendAsync(mail.Octets(), AppendOptions.Default with { InternalDate = mail.Arrived });
        }

        await using var client = await server.SelectedAsync();
        var decoded = mails.ConvertAll(static mail => mail with { Subject = EncodedWords.Decode(Encoding.UTF8.GetBytes(mail.Subject)) });
        Assert.Multiple(async () =>
        {
            Assert.That((await client.OkAsync("THREAD REFERENCES UTF-8 ALL"))[0], Is.EqualTo(ReferenceThreading.References(decoded)), "REFERENCES");
            Assert.That((await client.OkAsync("THREAD REFS UTF-8 ALL"))[0], Is.EqualTo(ReferenceThreading.References(decoded, refs: true)), "REFS");
            Assert.That((await client.OkAsync("THREAD ORDEREDSUBJECT UTF-8 ALL"))[0], Is.EqualTo(ReferenceThreading.OrderedSubject(decoded)), "ORDEREDSUBJECT");
        });
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_hundred_thousand_messages_in_one_thread_are_linked_in_n_log_n_steps_and_bounded_memory(bool fromTheEnd)
    {
        long small = Steps(12_500, fromTheEnd, out _);
        var large = Steps(100_000, fromTheEnd, out var size);
        Assert.That(large, Is.LessThan(12 * Math.Max(small, 12_500)));
        Assert.That(size, Is.LessThan(250L * 100_000));
    }

    [Test]
    public async Task The_answer_for_ten_thousand_levels_is_written_without_recursion()
    {
        const int Count = 10_000;
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var mailbox = await server.MailboxAsync();
        for (var i = 1; i <= Count; i++)
        {
            await server.AppendAsync(Encoding.ASCII.GetBytes($"Message-ID: <{i}@x>\r\nReferences: <{i - 1}@x>\r\n\r\n"), mailbox: mailbox);
        }

        await using var client = await server.SelectedAsync();
        var answer = (await client.OkAsync("THREAD REFERENCES UTF-8 ALL"))[0];
        Assert.That(answer, Is.EqualTo($"* THREAD ({string.Join(' ', Enumerable.Range(1, Count))})"));
    }

    [Test]
    public void Identifiers_are_read_as_the_standard_says()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Ids("<a@b> <c@d>"), Is.EqualTo(new[] { "a@b", "c@d" }));
            Assert.That(Ids("<\"a\"@b>"), Is.EqualTo(new[] { "a@b" }), "quoting does not count");
            Assert.That(Ids("<a@b><c@d>,(x)<e@f>"), Is.EqualTo(new[] { "a@b", "c@d", "e@f" }));
            Assert.That(Ids("a@b <> <x> <@> <@y> <z@> < a @ b >"), Is.EqualTo(new[] { "a@b" }), "what is none");
            Assert.That(Ids("<a <b@c>"), Is.EqualTo(new[] { "b@c" }));
            Assert.That(Ids("<a@b"), Is.Empty);
        });
    }

    [Test]
    public void Random_octets_give_identifiers_and_never_an_exception()
    {
        var random = new Random(5256);
        for (var i = 0; i < 20_000; i++)
        {
            var octets = new byte[random.Next(40)];
            for (var j = 0; j < octets.Length; j++)
            {
                octets[j] = "<>@\"\\ab (),\t\xFF"u8[random.Next(13)];
            }

            foreach (var id in Ids(Encoding.Latin1.GetString(octets)))
            {
                Assert.That(id, Does.Contain("@").And.Not.Contain("<").And.Not.Contain(">"));
            }
        }
    }

    [TestCase(0, true)]
    [TestCase(1, false)]
    public void References_count_up_to_16_KiB_from_their_end(int surplus, bool isBelow)
    {
        var last = $"<first@x> {string.Concat(Enumerable.Repeat("<b@x>", MailboxKeys.MaxReferences))}"[..(MailboxKeys.MaxReferences + surplus)];
        var keys = new MailboxKeys();
        using var messages = KeyedMail.Of(["Message-ID: <first@x>\r\n\r\n", $"References: {last}\r\n\r\n"], keys, MessageThreads.KindsOf(ThreadAlgorithm.References));
        using var threads = new ReferenceThreads(messages, usesSubjects: true);
        threads.Advance(2);
        using var tree = threads.Build();
        Assert.That(tree.Roots.Count, Is.EqualTo(isBelow ? 1 : 2));
        Assert.That(keys.Size, Is.LessThan(64 * 1024));
    }

    private static List<string> Ids(string field)
    {
        var ids = new List<string>();
        var octets = Encoding.Latin1.GetBytes(field);
        for (var reader = new MessageIdReader(octets, new byte[octets.Length]); reader.TryNext(out var id);)
        {
            ids.Add(Encoding.Latin1.GetString(id));
        }

        return ids;
    }

    private static long Steps(int count, bool fromTheEnd, out long size)
    {
        var keys = new MailboxKeys();
        var headers = Enumerable.Range(0, count).Select(i => fromTheEnd ? count - i : i + 1).Select(static number =>
            $"Message-ID: <{number}@x>\r\nReferences: <{number / 2}@x> <{number - 1}@x>\r\n\r\n");
        using var messages = KeyedMail.Of(headers, keys, MessageThreads.KindsOf(ThreadAlgorithm.References));
        using var threads = new ReferenceThreads(messages, usesSubjects: true);
        Assert.That(threads.Advance(count - 1), Is.False, "it can be stopped on the way");
        Assert.That(threads.Advance(1), Is.True);
        size = keys.Size + messages.Size + threads.Size;
        using var tree = threads.Build();
        Assert.That(tree.Roots.Count, Is.GreaterThan(0));
        return threads.Steps;
    }

    private static List<ModelMail> Generate(Random random, int count, int ids)
    {
        string Id() => string.Create(CultureInfo.InvariantCulture, $"{random.Next(ids)}@example.org");
        var mails = new List<ModelMail>();
        for (var i = 1; i <= count; i++)
        {
            mails.Add(new ModelMail(
                i,
                random.Next(8) == 0 ? null : Id(),
                [.. Enumerable.Range(0, random.Next(3) == 0 ? 0 : random.Next(5)).Select(_ => Id())],
                random.Next(3) == 0 ? Id() : null,
                Subjects[random.Next(Subjects.Length)],
                random.Next(6) == 0 ? null : Moment(random),
                Moment(random)));
        }

        return mails;
    }

    private static DateTimeOffset Moment(Random random) =>
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddHours(random.Next(60)).ToOffset(TimeSpan.FromHours(random.Next(-11, 12)));
}
