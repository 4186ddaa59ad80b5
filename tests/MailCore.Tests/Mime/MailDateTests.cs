using System.Globalization;
using System.Text;
using MailCore.Mime;
using NUnit.Framework;

namespace MailCore.Tests.Mime;

[TestFixture]
public class MailDateTests
{
    [TestCase("Tue, 04 Mar 2025 09:15:02 +0100", "2025-03-04T09:15:02+01:00")]
    [TestCase("4 Mar 2025 09:15 -0530", "2025-03-04T09:15:00-05:30")]
    [TestCase("Tue, 4 mar 2025 9:15:02 GMT", "2025-03-04T09:15:02+00:00")]
    [TestCase("Tue,4 Mar 2025 09:15:02 UT", "2025-03-04T09:15:02+00:00")]
    [TestCase("Fri, 21 Nov 97 09:55:06 EST", "1997-11-21T09:55:06-05:00")]
    [TestCase("21 Nov 49 09:55:06 EDT", "2049-11-21T09:55:06-04:00")]
    [TestCase("21 Nov 50 09:55:06 CST", "1950-11-21T09:55:06-06:00")]
    [TestCase("21 Nov 105 09:55:06 PDT", "2005-11-21T09:55:06-07:00")]
    [TestCase("21 Nov 1997 09:55:06 MST", "1997-11-21T09:55:06-07:00")]
    [TestCase("21 Nov 1997 09:55:06 A", "1997-11-21T09:55:06+00:00")]
    [TestCase("21 Nov 1997 09:55:06 CEST", "1997-11-21T09:55:06+00:00")]
    [TestCase("21 Nov 1997 09:55:06", "1997-11-21T09:55:06+00:00")]
    [TestCase("21 Nov 1997", "1997-11-21T00:00:00+00:00")]
    [TestCase("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00")]
    [TestCase("Fri (f), 21 (d) Nov (m\\)) 1997 (y) 09:55:06 (t (n)) -0600 (CST)", "1997-11-21T09:55:06-06:00")]
    [TestCase("Wed, 5 Mar 2025 10:00:00 -0500 (EST)", "2025-03-05T10:00:00-05:00")]
    [TestCase("Friday, 21-Nov-97 09:55:06 GMT", "1997-11-21T09:55:06+00:00")]
    [TestCase("Fri Nov 21 09:55:06 1997", "1997-11-21T09:55:06+00:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06 GMT+0200", "1997-11-21T09:55:06+02:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06 +02:00", "1997-11-21T09:55:06+02:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06 +9999", "1997-11-21T09:55:06+00:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06 +1400", "1997-11-21T09:55:06+14:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06 +1401", "1997-11-21T09:55:06+00:00")]
    [TestCase("Fri, 21 Nov 1997 09:55:06.123 +0100", "1997-11-21T09:55:06+01:00")]
    [TestCase("Fri, 21 November 1997 09:55:06 +0100", "1997-11-21T09:55:06+01:00")]
    [TestCase("31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00")]
    [TestCase("29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00+00:00")]
    [TestCase("29 Feb 2023 00:00:00 +0000", null)]
    [TestCase("0 Mar 2025 00:00:00 +0000", null)]
    [TestCase("32 Mar 2025 00:00:00 +0000", null)]
    [TestCase("4 Mar 2025 24:00:00 +0000", null)]
    [TestCase("4 Mar 2025 00:60:00 +0000", null)]
    [TestCase("4 Mar 0000 00:00:00 +0000", null)]
    [TestCase("1 Jan 0001 00:00:00 +0100", null)]
    [TestCase("31 Dec 9999 23:59:59 -0100", null)]
    [TestCase("4 Mar 99999999999 00:00:00", null)]
    [TestCase("Mar 2025", null)]
    [TestCase("", null)]
    [TestCase("yesterday", null)]
    [TestCase("(4 Mar 2025", null)]
    [TestCase("-", null)]
    public void Date_is_read_with_its_zone(string text, string? expected)
    {
        var parsed = MailDate.TryParse(Encoding.Latin1.GetBytes(text), out var date);
        Assert.That(parsed ? date.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture) : null, Is.EqualTo(expected));
    }

    [Test]
    public void The_usual_form_is_read_as_the_others_are()
    {
        var random = new Random(5322);
        string[] weekdays = ["Mon", "Tue", "Sun", "Jan", "mon", "nTu", "Fr,"];
        string[] months = ["Jan", "Feb", "Dec", "Jun", "jul", "anF", "Mon", "Xyz"];
        var usual = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{weekdays[random.Next(weekdays.Length)]}, {random.Next(33)} {months[random.Next(months.Length)]} {random.Next(10) * 1111:0000} {random.Next(25):00}:{random.Next(61):00}:{random.Next(62):00} {"+-"[random.Next(2)]}{random.Next(16):00}{random.Next(61):00}").ToCharArray();
            if (random.Next(4) == 0)
            {
                text[random.Next(text.Length)] = " :+-,0aX("[random.Next(9)];
            }

            // A comment at the end is not of the usual form and says nothing.
            var isDate = MailDate.TryParse(Encoding.ASCII.GetBytes([.. text, .. " ()"]), out var slow);
            Assert.That((MailDate.TryParse(Encoding.ASCII.GetBytes(text), out var fast), fast.Ticks, fast.Offset), Is.EqualTo((isDate, slow.Ticks, slow.Offset)), new string(text));
            usual += UsualDate.TryParse(Encoding.ASCII.GetBytes(text), out _) ? 1 : 0;
        }

        Assert.That(usual, Is.GreaterThan(1_000));
    }

    [Test]
    public void The_day_is_the_senders_own_at_the_edge_of_zones()
    {
        Assert.That(MailDate.TryParse("1 Jan 2025 00:30:00 +1200"u8, out var east));
        Assert.That(east.Date, Is.EqualTo(new DateTime(2025, 1, 1)));
        Assert.That(MailDate.TryParse("31 Dec 2024 23:30:00 -1100"u8, out var west));
        Assert.That(west.Date, Is.EqualTo(new DateTime(2024, 12, 31)));
    }

    [Test]
    public void Noise_is_a_date_or_not_but_never_an_exception()
    {
        var messages = new RandomMessages(81);
        for (var round = 0; round < RandomMessages.Count * 10; round++)
        {
            var text = "Tue, 04 Mar 2025 09:15:02 +0100 (CET)"u8.ToArray();
            messages.Shuffle(text, messages.Next(6));
            Assert.That(() => MailDate.TryParse(text, out _), Throws.Nothing);
            Assert.That(() => MailDate.TryParse(messages.Noise(20), out _), Throws.Nothing);
        }
    }
}
