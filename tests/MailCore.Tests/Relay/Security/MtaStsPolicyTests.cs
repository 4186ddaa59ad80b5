using System.Text;
using MailCore.Relay.Security;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 8461 3.1, 3.2 and 4.1.</summary>
public class MtaStsPolicyTests
{
    private const string Good = "version: STSv1\r\nmode: enforce\r\nmx: a.test\r\nmx: *.b.test\r\nmax_age: 86400\r\n";

    [TestCase(Good)]
    [TestCase("version: STSv1\nmode: enforce\nmx: a.test\nmx: *.b.test\nmax_age: 86400")]
    [TestCase("mode:enforce\nmax_age:86400 \nmx:\ta.test\nextra: x\nmx: *.b.test\nmode: none\nversion:STSv1\n\n", Description = "any order, unknown keys, the first of two")]
    public void Policies_are_read(string text)
    {
        Assert.That(MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(text), out var policy), Is.True);
        Assert.That(policy!.ToString(), Is.EqualTo(Good));
    }

    [TestCase("")]
    [TestCase("mode: enforce\nmx: a.test\nmax_age: 1", Description = "no version")]
    [TestCase("version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1")]
    [TestCase("version: STSv1\nmode: Enforce\nmx: a.test\nmax_age: 1")]
    [TestCase("version: STSv1\nmode: enforce\nmax_age: 1", Description = "no mx")]
    [TestCase("version: STSv1\nmode: enforce\nmx: a.test")]
    [TestCase("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1")]
    [TestCase("version: STSv1\nmode: enforce\nmx: *\nmax_age: 1")]
    [TestCase("version: STSv1\nmode: enforce\nmx: a.*.test\nmax_age: 1")]
    [TestCase("<html>version</html>")]
    public void Others_are_none(string text) => Assert.That(MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(text), out _), Is.False);

    [TestCase(31_557_600, true)]
    [TestCase(31_557_601, false)]
    public void Max_age_has_an_end(int seconds, bool isGood) =>
        Assert.That(MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes($"version: STSv1\nmode: none\nmax_age: {seconds}"), out _), Is.EqualTo(isGood));

    [TestCase(0, true)]
    [TestCase(1, false)]
    public void A_policy_has_64_KB_at_most(int more, bool isGood)
    {
        var text = Good + "x:";
        Assert.That(MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(text.PadRight(MtaStsPolicy.MaxOctets + more, 'x')), out _), Is.EqualTo(isGood));
    }

    [TestCase("a.test", true)]
    [TestCase("A.TEST.", true)]
    [TestCase("x.a.test", false)]
    [TestCase("mx.b.test", true)]
    [TestCase("b.test", false)]
    [TestCase("x.mx.b.test", false, Description = "a * is one label")]
    [TestCase(".b.test", false)]
    public void Hosts_are_matched_by_label(string host, bool matches)
    {
        var policy = MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(Good), out var parsed) ? parsed : null;
        Assert.That(policy!.Matches(host), Is.EqualTo(matches));
    }

    [TestCase("v=STSv1; id=20160831085700Z;", "20160831085700Z")]
    [TestCase("v=STSv1;id=a", "a")]
    [TestCase("v=STSv1 ; x=y; id=a1 ;", "a1")]
    [TestCase("v=STSv1; id=;", null)]
    [TestCase("v=STSv1; id=a-b;", null)]
    [TestCase("v=STSv1; x=y", null)]
    [TestCase("v=STSv11; id=a", null)]
    [TestCase("V=STSv1; id=a", null)]
    [TestCase(" v=STSv1; id=a", null)]
    [TestCase("v=STSv1", null)]
    public void Records_have_an_id(string text, string? id)
    {
        Assert.That(MtaStsPolicy.TryParseRecord(text, out var found), Is.EqualTo(id is not null));
        Assert.That(found, Is.EqualTo(id));
    }

    [TestCase(32, true)]
    [TestCase(33, false)]
    public void An_id_has_32_characters_at_most(int length, bool isGood) =>
        Assert.That(MtaStsPolicy.TryParseRecord($"v=STSv1; id={new string('a', length)}", out _), Is.EqualTo(isGood));

    [Test]
    public void Mutated_policies_and_records_are_read_or_refused()
    {
        var random = new Random(8461);
        for (var i = 0; i < 20_000; i++)
        {
            var octets = Encoding.UTF8.GetBytes(i % 2 == 0 ? Good : "v=STSv1; id=20160831085700Z;");
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }

            var isPolicy = MtaStsPolicy.TryParse(octets, out var policy);
            Assert.That(!isPolicy || (MtaStsPolicy.TryParse(Encoding.UTF8.GetBytes(policy!.ToString()), out var again) && again.ToString() == policy.ToString()), Is.True);
            Assert.That(!MtaStsPolicy.TryParseRecord(Encoding.Latin1.GetString(octets), out var id) || id.Length is > 0 and <= 32, Is.True);
        }
    }
}
