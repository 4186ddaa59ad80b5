using System.Text;
using MailCore.Imap.Sorting;
using MailCore.Mime;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Sorting;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSortTests
{
    private static readonly string[] Froms =
    [
        "alice@example.org", "Bob <zoe@example.org>", "=?utf-8?q?=C3=84nne?= <anne@example.net>", "\"bob\" <B@c>", "team: x@y, z@w;", "zoe@example.com",
    ];

    private static readonly string[] Subjects =
    [
        "", "b", "Re: A", "[x] a", "=?utf-8?q?=C3=A9?=", "=?iso-8859-1?q?=C9?=", "=?koi8-r?q?=D0=D2=C9=D7=C5=D4?=", "=?gb2312?b?xOO6ww==?=", "=?utf-8?q?broken?", "C (fwd)",
        "=?windows-1252?q?=80_euro?=", "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "=?x-unknown?q?a?=",
    ];

    [Test]
    public async Task Messages_are_sorted_as_the_reference_sorts_them([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        var mails = new List<ModelMail>();
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        for (var i = 1; i <= 30; i++)
        {
            var mail = new ModelMail(i, null, [], null, Subjects[random.Next(Subjects.Length)], random.Next(4) == 0 ? null : Moment(random), Moment(random))
            {
                From = Froms[random.Next(Froms.Length)],
            };
            await server.AppendAsync(mail.Octets(), AppendOptions.Default with { InternalDate = mail.Arrived });
            mails.Add(mail);
        }

        await using var client = await server.SelectedAsync();
        for (var round = 0; round < 12; round++)
        {
            var keys = Enumerable.Range(0, random.Next(1, 4)).Select(_ => (Key: random.Next(6), IsReverse: random.Next(2) == 0)).ToList();
            var names = string.Join(' ', keys.Select(static key => $"{(key.IsReverse ? "REVERSE " : "")}{Names[key.Key]}"));
            var answer = (await client.OkAsync($"SORT ({names}) UTF-8 ALL"))[0];
            var sorted = mails.Order(Comparer<ModelMail>.Create((a, b) => Compare(a, b, keys))).Select(static mail => mail.Number);
            Assert.That(answer, Is.EqualTo($"* SORT {string.Join(' ', sorted)}"), names);
        }
    }

    [Test]
    public void Base_subjects_are_those_of_the_reference()
    {
        var random = new Random(21);
        string[] pieces = ["re", "Re: ", "fw", "FWD", ":", " ", "\t", "[", "]", "[x]", "(fwd)", "[fwd:", "a", "ü", "[] ", "  "];
        for (var i = 0; i < 50_000; i++)
        {
            var subject = string.Concat(Enumerable.Range(0, random.Next(10)).Select(_ => pieces[random.Next(pieces.Length)]));
            var found = BaseSubject.Extract(subject.ToCharArray(), out var isReply).ToString();
            Assert.That((found, isReply), Is.EqualTo(ReferenceSubject.Of(subject)), $"'{subject}'");
        }
    }

    [Test]
    public void A_subject_of_nothing_but_beginnings_takes_linear_time()
    {
        // Quadratic would be 10^10 steps and never end.
        foreach (var piece in new[] { "[a]", "[fwd:", "re:", "(fwd)", "[", "re[" })
        {
            var subject = string.Concat(Enumerable.Repeat(piece, 100_000)).ToCharArray();
            BaseSubject.Extract(subject, out _);
        }
    }

    [TestCase("DATE")]
    [TestCase("SUBJECT")]
    public void A_hundred_thousand_messages_are_sorted_in_n_log_n_steps_and_bounded_memory(string key)
    {
        const int Count = 100_000;
        var random = new Random(1);
        var criterion = new SortCriterion(Enum.Parse<SortKey>(key, ignoreCase: true), IsReverse: true);
        var keys = new MailboxKeys();
        using var messages = KeyedMail.Of(Enumerable.Range(1, Count).Select(_ => $"Subject: {random.Next()}\r\nDate: {Moment(random):ddd, d MMM yyyy HH:mm:ss} +0000\r\n\r\n"), keys, criterion.Kind);
        using var order = new MessageOrder(messages, [criterion]);
        Assert.That(order.Advance(1), Is.False, "it can be stopped on the way");
        Assert.That(order.Advance(long.MaxValue / 2), Is.True);
        Assert.That(order.Steps, Is.LessThan(Count * Math.Log2(Count)));
        Assert.That(order.Size + messages.Size + keys.Size, Is.LessThan(80L * Count));
    }

    [Test]
    public void A_hundred_thousand_long_subjects_that_differ_at_their_ends_are_sorted_in_bounded_steps()
    {
        const int Count = 100_000;
        var random = new Random(2);
        var subjects = Enumerable.Range(0, Count).Select(_ => Encoding.ASCII.GetBytes($"{new string('x', 505)}{random.Next(1_000_000):D6}")).ToArray();
        using var messages = KeyedMail.OfKeys((KeyKind.Subject, subjects));
        using var order = new MessageOrder(messages, [new SortCriterion(SortKey.Subject, IsReverse: false)]);
        while (!order.Advance(10_000))
        {
        }

        Assert.That(order.Steps, Is.LessThan(80L * Count), "each octet is looked at once");
        Assert.That(order.ToSequences().Select(number => Encoding.ASCII.GetString(subjects[number - 1])), Is.Ordered.Using((IComparer<string>)StringComparer.Ordinal));
    }

    [Test]
    public void Octets_of_every_kind_are_sorted_as_a_comparison_of_two_would([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        (KeyKind Kind, SortKey Key)[] named = [(KeyKind.Subject, SortKey.Subject), (KeyKind.From, SortKey.From), (KeyKind.Sent, SortKey.Date)];
        var columns = named.Select(column => (column.Kind, Keys: (IReadOnlyList<byte[]>)Enumerable.Range(0, 400).Select(_ => RandomKey(random, column.Kind)).ToArray())).ToArray();
        using var messages = KeyedMail.OfKeys(columns);
        var criteria = random.GetItems(named, 3).Select(column => new SortCriterion(column.Key, random.Next(2) == 0)).ToArray();
        using var order = new MessageOrder(messages, criteria);
        order.Advance(long.MaxValue / 2);

        var expected = Enumerable.Range(1, 400).Order(Comparer<int>.Create((a, b) =>
        {
            foreach (var criterion in criteria)
            {
                var keys = columns.Single(column => column.Kind == criterion.Kind).Keys;
                var result = criterion.Kind == KeyKind.Sent
                    ? BitConverter.ToInt64(keys[a - 1]).CompareTo(BitConverter.ToInt64(keys[b - 1]))
                    : keys[a - 1].AsSpan(1).SequenceCompareTo(keys[b - 1].AsSpan(1));
                if (result != 0)
                {
                    return criterion.IsReverse ? -result : result;
                }
            }

            return a.CompareTo(b);
        }));
        Assert.That(order.ToSequences(), Is.EqualTo(expected));
    }

    [Test]
    public async Task Times_of_sending_are_read_once_and_stay_right_when_messages_come_and_go()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        for (var i = 0; i < 6; i++)
        {
            await server.AppendAsync(Encoding.ASCII.GetBytes($"Date: {1 + ((i * 5) % 6)} Jan 2026 10:00:00 +0000\r\n\r\n"));
        }

        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("UID SORT (DATE) UTF-8 2:3"))[0], Is.EqualTo("* SORT 3 2"));
        Assert.That((await client.OkAsync("UID SORT (DATE) UTF-8 ALL"))[0], Is.EqualTo("* SORT 1 6 5 4 3 2"));
        store.Broken.Add("ReadAsync");
        Assert.That((await client.OkAsync("UID SORT (REVERSE DATE) UTF-8 ALL"))[0], Is.EqualTo("* SORT 2 3 4 5 6 1"));
        Assert.That((await client.RunAsync("UID SORT (SUBJECT) UTF-8 ALL"))[^1], Does.Contain("SERVERBUG"), "to know that a read would have failed");
        store.Broken.Clear();
        await client.OkAsync("STORE 3 +FLAGS (\\Deleted)");
        await client.OkAsync("EXPUNGE");
        await server.AppendAsync("Date: 3 Jan 2026 09:00:00 +0000\r\n\r\n"u8.ToArray());
        await client.OkAsync("NOOP");
        Assert.That((await client.OkAsync("UID SORT (DATE) UTF-8 ALL"))[0], Is.EqualTo("* SORT 1 6 7 5 4 2"));
    }

    [Test]
    public async Task One_message_without_a_date_among_many_stands_where_it_arrived()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        var arrived = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        for (var i = 1; i <= 300; i++)
        {
            var date = i == 280 ? "Date: none\r\n" : $"Date: {arrived.AddMinutes(i - 150):ddd, d MMM yyyy HH:mm:ss} +0000\r\n";
            await server.AppendAsync(Encoding.ASCII.GetBytes($"{date}Subject: {i % 2}\r\n\r\n"), AppendOptions.Default with { InternalDate = arrived.AddSeconds(30) });
        }

        await using var client = await server.SelectedAsync();
        var expected = Enumerable.Range(1, 150).Append(280).Concat(Enumerable.Range(151, 150).Where(static number => number != 280));
        Assert.That((await client.OkAsync("SORT (DATE) UTF-8 ALL"))[0], Is.EqualTo($"* SORT {string.Join(' ', expected)}"));
        Assert.That((await client.OkAsync("SORT (SUBJECT DATE) UTF-8 ALL"))[0], Is.EqualTo($"* SORT {string.Join(' ', expected.OrderBy(static number => number % 2))}"));
    }

    [TestCase("é", "E\u0301", true)]
    [TestCase("Ǆ", "ǆ", true)]
    [TestCase("ǆ", "dž", false)]
    [TestCase("ﬁ", "fi", false)]
    [TestCase("²", "2", true)]
    [TestCase("ſ", "s", true)]
    [TestCase("ı", "i", true)]
    [TestCase("ß", "ss", false)]
    [TestCase("É", "F", false)]
    [TestCase("Ⅳ", "iv", true)]
    [TestCase("А", "A", false)]
    public void Texts_are_compared_by_unicode_casemap(string a, string b, bool areEqual)
    {
        Span<byte> first = stackalloc byte[TextKey.MaxOctets];
        Span<byte> second = stackalloc byte[TextKey.MaxOctets];
        Assert.That(first[..TextKey.WriteText(a, first)].SequenceEqual(second[..TextKey.WriteText(b, second)]), Is.EqualTo(areEqual));
    }

    [TestCase(511, false)]
    [TestCase(512, true)]
    [TestCase(513, true)]
    public void Texts_count_up_to_512_octets(int same, bool areEqual)
    {
        Span<byte> first = stackalloc byte[TextKey.MaxOctets];
        Span<byte> second = stackalloc byte[TextKey.MaxOctets];
        var one = first[..TextKey.Write(Encoding.ASCII.GetBytes(new string('x', same) + "a"), first)];
        var other = second[..TextKey.Write(Encoding.ASCII.GetBytes(new string('X', same) + "b"), second)];
        Assert.That(one.SequenceEqual(other), Is.EqualTo(areEqual));
    }

    private static readonly string[] Names = ["ARRIVAL", "DATE", "FROM", "SUBJECT", "SIZE", "DISPLAYFROM"];

    private static int Compare(ModelMail a, ModelMail b, List<(int Key, bool IsReverse)> keys)
    {
        foreach (var (key, isReverse) in keys)
        {
            var result = key switch
            {
                0 => a.Arrived.CompareTo(b.Arrived),
                1 => a.Date.CompareTo(b.Date),
                2 => Compare(Mailbox(a), Mailbox(b)),
                3 => Compare(ReferenceSubject.Of(Decoded(a.Subject)).Base, ReferenceSubject.Of(Decoded(b.Subject)).Base),
                4 => a.Octets().Length.CompareTo(b.Octets().Length),
                _ => Compare(Display(a), Display(b)),
            };
            if (result != 0)
            {
                return isReverse ? -result : result;
            }
        }

        return a.Number.CompareTo(b.Number);
    }

    private static int Compare(string a, string b) =>
        Casemap(a).AsSpan().SequenceCompareTo(Casemap(b));

    // RFC 5051, written out for the characters that stand in the subjects and names above.
    private static byte[] Casemap(string text) => Encoding.UTF8.GetBytes(text.ToUpperInvariant()
        .Replace("Ä", "A\u0308", StringComparison.Ordinal)
        .Replace("É", "E\u0301", StringComparison.Ordinal)
        .Replace("Й", "И\u0306", StringComparison.Ordinal));

    private static string Decoded(string value) => EncodedWords.Decode(Encoding.UTF8.GetBytes(value));

    private static string Mailbox(ModelMail mail) => mail.From switch
    {
        "alice@example.org" => "alice",
        "\"bob\" <B@c>" => "B",
        "team: x@y, z@w;" => "team",
        _ when mail.From.Contains("anne", StringComparison.Ordinal) => "anne",
        _ => "zoe",
    };

    private static string Display(ModelMail mail) => mail.From switch
    {
        "Bob <zoe@example.org>" => "Bob",
        "\"bob\" <B@c>" => "bob",
        "team: x@y, z@w;" => "team",
        _ when mail.From.Contains("anne", StringComparison.Ordinal) => "Änne",
        _ => mail.From,
    };

    // Few octets, so that many keys are the same or begin alike.
    private static byte[] RandomKey(Random random, KeyKind kind)
    {
        if (kind == KeyKind.Sent)
        {
            return BitConverter.GetBytes(random.NextInt64(5));
        }

        var key = new byte[1 + random.Next(20)];
        for (var i = 0; i < key.Length; i++)
        {
            key[i] = (byte)(i < 1 + random.Next(16) ? 'a' : random.Next(3) == 0 ? 0xFF : random.Next(3));
        }

        return key;
    }

    private static DateTimeOffset Moment(Random random) =>
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddHours(random.Next(60)).ToOffset(TimeSpan.FromHours(random.Next(-11, 12)));
}
