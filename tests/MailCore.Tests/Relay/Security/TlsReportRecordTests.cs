using System.Text;
using MailCore.Relay.Security;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 8460 3.</summary>
public class TlsReportRecordTests
{
    private const string Good = "v=TLSRPTv1; rua=mailto:reports@example.com,https://reports.example.com/v1/tlsrpt";

    [TestCase("v=TLSRPTv1;rua=mailto:reports@example.com", "mailto:reports@example.com")]
    [TestCase("v=TLSRPTv1 ; x=y ; rua=https://reports.example.com/v1/tlsrpt ;", "https://reports.example.com/v1/tlsrpt")]
    [TestCase(Good, "mailto:reports@example.com https://reports.example.com/v1/tlsrpt")]
    [TestCase("v=TLSRPTv1; rua=ftp://a.test/ , mailto:a@b.test", "mailto:a@b.test", Description = "kinds that are not known")]
    [TestCase("v=TLSRPTv1; rua=http://a.test/", null)]
    [TestCase("v=TLSRPTv1; rua=mailto:", null)]
    [TestCase("v=TLSRPTv1; rua=", null)]
    [TestCase("v=TLSRPTv1;", null)]
    [TestCase("v=TLSRPTv1; rua=mailto:a@b.test; rua=mailto:c@b.test", null)]
    [TestCase("v=TLSRPTv1; rua=mailto:a@b.test; nonsense", null)]
    [TestCase("v=TLSRPTv11; rua=mailto:a@b.test", null)]
    [TestCase("v=tlsrptv1; rua=mailto:a@b.test", null)]
    [TestCase("rua=mailto:a@b.test; v=TLSRPTv1", null)]
    public void Records_have_addresses(string text, string? addresses)
    {
        Assert.That(TlsReportRecord.TryParse(text, out var record), Is.EqualTo(addresses is not null));
        Assert.That(record is null ? null : string.Join(' ', record.Addresses), Is.EqualTo(addresses));
    }

    [TestCase(10, 10)]
    [TestCase(11, 10)]
    public void Ten_addresses_count(int count, int expected)
    {
        var text = "v=TLSRPTv1; rua=" + string.Join(',', Enumerable.Range(0, count).Select(static i => $"mailto:a{i}@b.test"));
        Assert.That(TlsReportRecord.TryParse(text, out var record), Is.True);
        Assert.That(record!.Addresses, Has.Count.EqualTo(expected));
    }

    [TestCase(0, true)]
    [TestCase(1, false)]
    public void A_record_has_2048_characters_at_most(int more, bool isGood) =>
        Assert.That(TlsReportRecord.TryParse((Good + "; x=").PadRight(TlsReportRecord.MaxCharacters + more, 'x'), out _), Is.EqualTo(isGood));

    [Test]
    public async Task Two_records_are_none()
    {
        var dns = new FakeDns().Text("_smtp._tls.one.test", "other", Good).Text("_smtp._tls.two.test", Good, Good);
        Assert.That(await TlsReportRecord.FindAsync(dns, "one.test", default), Is.Not.Null);
        Assert.That(await TlsReportRecord.FindAsync(dns, "two.test", default), Is.Null);
        Assert.That(await TlsReportRecord.FindAsync(dns, "none.test", default), Is.Null);
    }

    [Test]
    public void Mutated_records_are_read_or_refused()
    {
        var random = new Random(8460);
        for (var i = 0; i < 20_000; i++)
        {
            var octets = Encoding.ASCII.GetBytes(Good);
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }

            Assert.That(!TlsReportRecord.TryParse(Encoding.Latin1.GetString(octets), out var record)
                || record.Addresses.All(static one => one.Scheme is "mailto" or "https" && one.Host.Length > 0), Is.True);
        }
    }
}
