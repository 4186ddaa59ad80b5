using MailCore.Dns;
using MailCore.Dns.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Dns;

/// <summary>Responses that no honest server sends.</summary>
[TestFixture]
internal sealed class DnsResponseTests
{
    private static readonly DnsQuery Query = DnsQuery.Create("a.example", DnsRecordType.Mx)!;

    [Test]
    public void A_compression_pointer_never_leads_in_a_circle()
    {
        foreach (var name in new byte[][]
        {
            [0xC0, 0], // to itself
            [1, (byte)'x', 0xC0, 0], // to its own start
            [0xC0, 2, 0xC0, 0], // to each other
            [0xC0, 5], // forward
            [0xFF, 0xFF], // outside
            [0xC0], // cut
            [5, (byte)'a'], // cut
            [0x80, 0], // a kind of label that there is not
            [0x40, 0],
            [],
        })
        {
            var reader = new DnsReader(name);
            Assert.That(reader.TryReadName(out _), Is.False, Convert.ToHexString(name));
        }
    }

    [Test]
    public void A_name_may_have_255_octets_and_not_one_more_however_it_is_compressed()
    {
        var longest = DnsMessageBuilder.Name(string.Join('.', Enumerable.Repeat(new string('a', 49), 5)) + ".abc");
        Assert.That(longest, Has.Length.EqualTo(255));
        var reader = new DnsReader(longest);
        Assert.That(reader.TryReadName(out var name), Is.True);
        Assert.That(name, Has.Length.EqualTo(253));
        byte[] longer = [.. longest, 1, (byte)'x', 0xC0, 0];
        reader = new DnsReader(longer) { Position = 255 };
        Assert.That(reader.TryReadName(out _), Is.False);
    }

    [Test]
    public void Odd_octets_in_a_label_are_written_so_that_they_can_be_asked_for_again()
    {
        var reader = new DnsReader([4, (byte)'a', (byte)'.', 0, (byte)'\\', 1, 0xFF, 0]);
        Assert.That(reader.TryReadName(out var name), Is.True);
        Assert.That(name, Is.EqualTo("a\\.\\000\\\\.\\255"));
        var octets = new byte[256];
        Assert.That(DnsName.TryEncode(name, octets, out var length), Is.True);
        Assert.That(octets[..length], Is.EqualTo(new byte[] { 4, (byte)'a', (byte)'.', 0, (byte)'\\', 1, 0xFF, 0 }));
    }

    [Test]
    public void A_record_whose_data_do_not_fill_it_spoils_the_answer()
    {
        var good = new DnsMessageBuilder().Answer("a.example", 15, 60, DnsMessageBuilder.Number(1), DnsMessageBuilder.Name("mx"));
        Assert.That(Parse(good), Is.True);
        Assert.That(Parse(new DnsMessageBuilder().Answer("a.example", 15, 60, DnsMessageBuilder.Number(1), DnsMessageBuilder.Name("mx"), [0])), Is.False);
        Assert.That(Parse(new DnsMessageBuilder().Answer("a.example", 1, 60, [1, 2, 3])), Is.False);
        Assert.That(Parse(new DnsMessageBuilder().Answer("a.example", 16, 60, [5, 1])), Is.False);
        Assert.That(Parse(new DnsMessageBuilder().Answer("a.example", 52, 60, [3, 1, 1])), Is.False);
        Assert.That(Parse(new DnsMessageBuilder().Answer("a.example", 99, 60, [3, 1, 1])), Is.True, "a type that nobody asked for is passed over");
    }

    [Test]
    public void Random_and_mutated_responses_are_read_or_refused([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var message = Query.Write(7, withEdns: true);
        for (var round = 0; round < 2_000; round++)
        {
            var octets = random.Next(4) == 0 ? Random(random, random.Next(600)) : Mutate(random, Valid(random).Build(message));
            if (DnsResponse.TryParse(octets, Query, 7, out var response))
            {
                Assert.That(response!.Answers, Has.Count.LessThanOrEqualTo(DnsResponse.MaxRecords));
                Assert.That(response.Answers.Select(static record => record.Name.Length), Is.All.LessThanOrEqualTo(4 * 255));
            }

            var reader = new DnsReader(octets) { Position = random.Next(octets.Length + 1) };
            if (reader.TryReadName(out var name) && name != ".")
            {
                Assert.That(DnsName.TryEncode(name, new byte[256], out _), Is.True, name);
            }
        }
    }

    private static DnsMessageBuilder Valid(Random random)
    {
        var builder = new DnsMessageBuilder { Flags = (ushort)(0x8000 | random.Next(0x800)) };
        for (var i = random.Next(6); i > 0; i--)
        {
            _ = random.Next(5) switch
            {
                0 => builder.A("a.example", "192.0.2.1"),
                1 => builder.Cname("a.example", "b.example"),
                2 => builder.Answer("a.example", 15, 60, DnsMessageBuilder.Number(1), [1, (byte)'m', 0xC0, 12]),
                3 => builder.Answer("a.example", 16, 60, [2, (byte)'x', 0xC3]),
                _ => builder.Answer("a.example", 52, 60, [3, 1, 1, 5]),
            };
        }

        return random.Next(2) == 0 ? builder : builder.Soa("example", 60, 60);
    }

    private static byte[] Mutate(Random random, byte[] octets)
    {
        for (var i = random.Next(8); i > 0; i--)
        {
            // Lengths, types and pointers are where it hurts.
            octets[random.Next(2) == 0 ? random.Next(octets.Length) : 12 + random.Next(octets.Length - 12)] =
                random.Next(3) switch { 0 => (byte)random.Next(256), 1 => (byte)(0xC0 | random.Next(64)), _ => (byte)random.Next(64) };
        }

        return random.Next(3) == 0 ? octets[..random.Next(octets.Length + 1)] : octets;
    }

    private static byte[] Random(Random random, int length)
    {
        var octets = new byte[length];
        random.NextBytes(octets);
        return octets;
    }

    private static bool Parse(DnsMessageBuilder builder) => DnsResponse.TryParse(builder.Build(Query.Write(7, withEdns: true)), Query, 7, out _);
}
