using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ProxyHeaderTests
{
    private static readonly byte[] Signature = "\r\n\r\n\0\r\nQUIT\n"u8.ToArray();

    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n", "192.0.2.7:4711", "198.51.100.1:25")]
    [TestCase("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0")]
    [TestCase("PROXY TCP6 2001:db8::7 ::1 4711 25\r\n", "[2001:db8::7]:4711", "[::1]:25")]
    [TestCase("PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null, null)]
    [TestCase("PROXY UNKNOWN\r\n", "", "")]
    [TestCase("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", "")]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25 9\r\n", null, null)]
    [TestCase("PROXY TCP4  192.0.2.7 198.51.100.1 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 04711 25\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\n", null, null)]
    [TestCase("PROXY TCP4 127.1 198.51.100.1 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP4 192.0.2.07 198.51.100.1 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP4 ::1 ::1 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP6 192.0.2.7 192.0.2.8 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP6 fe80::1%eth0 ::1 4711 25\r\n", null, null)]
    [TestCase("PROXY TCP6 [::1] ::1 4711 25\r\n", null, null)]
    [TestCase("PROXY UDP4 192.0.2.7 198.51.100.1 4711 25\r\n", null, null)]
    [TestCase("proxy TCP4 192.0.2.7 198.51.100.1 4711 25\r\n", null, null)]
    [TestCase("PROXY \xff\r\n", null, null)]
    [TestCase("EHLO client.example\r\n", null, null)]
    [TestCase("\x16\x03\x01", null, null)]
    public void Version_1_is_read_however_it_is_split(string text, string? source, string? destination)
    {
        var octets = Encoding.Latin1.GetBytes(text);
        AssertParsed([.. octets, .. "EHLO x\r\n"u8], octets.Length, source, destination);
    }

    [Test]
    public void A_line_of_107_octets_is_read_and_one_of_108_is_refused([Values(107, 108)] int length)
    {
        var line = Encoding.ASCII.GetBytes("PROXY UNKNOWN ".PadRight(length - 2, 'x') + "\r\n");
        Assert.Multiple(() =>
        {
            Assert.That(Parse(line, out _, out _), Is.EqualTo(length == 107 ? ProxyStatus.Complete : ProxyStatus.Malformed));
            Assert.That(Parse(line[..106], out _, out _), Is.EqualTo(ProxyStatus.Incomplete));
            Assert.That(Parse([.. line[..105], .. "xx"u8], out _, out _), Is.EqualTo(ProxyStatus.Malformed), "no end in 107 octets");
        });
    }

    [TestCase(0x21, 0x11, 12, "192.0.2.7:4711", "198.51.100.1:25")]
    [TestCase(0x21, 0x11, 15, "192.0.2.7:4711", "198.51.100.1:25")]
    [TestCase(0x21, 0x11, 11, null, null)]
    [TestCase(0x21, 0x21, 36, "[102:304:506:708:90a:b0c:d0e:f10]:8482", "[1112:1314:1516:1718:191a:1b1c:1d1e:1f20]:8996")]
    [TestCase(0x21, 0x21, 35, null, null)]
    [TestCase(0x21, 0x12, 12, null, null)]
    [TestCase(0x21, 0x00, 0, "", "")]
    [TestCase(0x21, 0x31, 216, "", "")]
    [TestCase(0x21, 0x41, 12, null, null)]
    [TestCase(0x20, 0x00, 0, "", "")]
    [TestCase(0x20, 0x11, 12, "", "")]
    [TestCase(0x22, 0x11, 12, null, null)]
    [TestCase(0x11, 0x11, 12, null, null)]
    [TestCase(0x21, 0x11, 4096, "192.0.2.7:4711", "198.51.100.1:25")]
    [TestCase(0x21, 0x11, 4097, null, null)]
    public void Version_2_is_read_however_it_is_split(int versionAndCommand, int family, int rest, string? source, string? destination)
    {
        var octets = new byte[16 + rest];
        Signature.CopyTo(octets, 0);
        (octets[12], octets[13]) = ((byte)versionAndCommand, (byte)family);
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(14), (ushort)rest);
        byte[] addresses = family == 0x21
            ? [.. Enumerable.Range(1, 36).Select(static number => (byte)number)]
            : [192, 0, 2, 7, 198, 51, 100, 1, 4711 >> 8, 4711 & 0xff, 0, 25];
        addresses.AsSpan(0, Math.Min(rest, addresses.Length)).CopyTo(octets.AsSpan(16));
        AssertParsed([.. octets, .. "EHLO x\r\n"u8], octets.Length, source, destination);
    }

    [Test]
    public void Random_headers_are_read_or_refused_and_never_throw([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        byte[][] seeds = ["PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"u8.ToArray(), [.. Signature, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 198, 51, 100, 1, 1, 2, 3, 4]];
        for (var i = 0; i < 2_000; i++)
        {
            var octets = seeds[random.Next(2)].ToArray();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }

            var status = Parse(octets, out var header, out var length);
            Assert.That(status == ProxyStatus.Complete, Is.EqualTo(status == ProxyStatus.Complete && length > 0 && length <= octets.Length));
            Assert.That(header.Source is null, Is.EqualTo(header.Destination is null));
        }
    }

    private static void AssertParsed(byte[] octets, int length, string? source, string? destination)
    {
        var status = Parse(octets, out var header, out var used);
        Assert.Multiple(() =>
        {
            Assert.That(status, Is.EqualTo(source is null ? ProxyStatus.Malformed : ProxyStatus.Complete));
            if (source is not null)
            {
                Assert.That((used, header.Source?.ToString() ?? "", header.Destination?.ToString() ?? ""), Is.EqualTo((length, source, destination)));
                for (var cut = 0; cut < length; cut++)
                {
                    Assert.That(Parse(octets[..cut], out _, out _), Is.EqualTo(ProxyStatus.Incomplete), $"{cut} octets");
                }
            }

            for (var cut = 1; cut < Math.Min(octets.Length, 300); cut++)
            {
                Assert.That(ProxyHeader.TryParse(Split(octets, cut), out var same, out var length), Is.EqualTo(status), $"split at {cut}");
                Assert.That((same, length), Is.EqualTo((header, used)));
            }
        });
    }

    private static ProxyStatus Parse(byte[] octets, out ProxyHeader header, out int length) => ProxyHeader.TryParse(new ReadOnlySequence<byte>(octets), out header, out length);

    private static ReadOnlySequence<byte> Split(byte[] octets, int cut)
    {
        var (first, second) = (new OctetSegment(), new OctetSegment());
        first.Use(octets[..cut]);
        first.Grow(cut);
        second.Use(octets[cut..]);
        second.Grow(octets.Length - cut);
        first.Append(second);
        return new ReadOnlySequence<byte>(first, 0, second, second.Count);
    }
}
