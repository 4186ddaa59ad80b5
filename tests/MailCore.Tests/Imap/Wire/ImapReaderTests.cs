using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapReaderTests
{
    [TestCase("abc]", "abc]", "")]
    [TestCase("\"a b\" x", "a b", " x")]
    [TestCase("\"\"", "", "")]
    [TestCase("\"a\\\"b\\\\c\"", "a\"b\\c", "")]
    [TestCase("\"\\\\\"", "\\", "")]
    [TestCase("{3}\r\na\0b c", "a\0b", " c")]
    [TestCase("{0}\r\n", "", "")]
    [TestCase("{2+}\r\n\r\n)", "\r\n", ")")]
    public void Strings_come_in_three_forms(string input, string value, string rest)
    {
        var octets = Encoding.Latin1.GetBytes(input);
        var reader = new ImapReader(octets, 0);
        Assert.That(Encoding.Latin1.GetString(reader.Astring()), Is.EqualTo(value));
        Assert.That(reader.Error, Is.Null);
        Assert.That(reader.Position, Is.EqualTo(octets.Length - rest.Length));
    }

    [TestCase("", 1)]
    [TestCase("\"abc", 5)]
    [TestCase("\"a\\n\"", 3)]
    [TestCase("\"a\rb\"", 3)]
    [TestCase("\"a\0b\"", 3)]
    [TestCase("{3}\r\nab", 1)]
    [TestCase("{3}", 1)]
    [TestCase("{3\r\nabc", 1)]
    [TestCase("{-1}\r\n", 2)]
    [TestCase("{4294967296}\r\n", 2)]
    [TestCase("{}\r\n", 2)]
    [TestCase("(", 1)]
    [TestCase("\u00fc", 1)]
    public void A_broken_string_says_where(string input, int position)
    {
        var reader = new ImapReader(Encoding.Latin1.GetBytes(input), 0);
        Assert.That(reader.Astring().IsEmpty, Is.True);
        Assert.That((reader.Failed, reader.ErrorPosition), Is.EqualTo((true, position)), reader.Error);
    }

    [Test]
    public void The_first_failure_sticks()
    {
        var reader = new ImapReader("1 x"u8, 0);
        reader.Number();
        reader.Number();
        var error = (reader.Error, reader.ErrorPosition);
        reader.Space();
        Assert.That(reader.Astring().IsEmpty, Is.True);
        reader.End();
        Assert.That((reader.Error, reader.ErrorPosition), Is.EqualTo(error));
    }

    [TestCase("0", 0u)]
    [TestCase("4294967295", uint.MaxValue)]
    [TestCase("007", 7u)]
    public void Numbers_go_to_32_bits(string input, uint value)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        Assert.That((reader.Number(), reader.Failed), Is.EqualTo((value, false)));
    }

    [TestCase("4294967296")]
    [TestCase("99999999999999999999999999")]
    [TestCase("-1")]
    [TestCase("+1")]
    [TestCase("x")]
    public void Numbers_past_32_bits_or_with_signs_are_refused(string input)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        reader.Number();
        Assert.That(reader.Failed, Is.True);
    }

    [TestCase("1-Jul-2025", 2025, 7, 1)]
    [TestCase("\"01-jul-2025\"", 2025, 7, 1)]
    [TestCase("29-FEB-2024", 2024, 2, 29)]
    public void Dates(string input, int year, int month, int day)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        Assert.That((reader.Date(), reader.Error), Is.EqualTo((new DateOnly(year, month, day), (string?)null)));
    }

    [TestCase("29-Feb-2025")]
    [TestCase("0-Jul-2025")]
    [TestCase("32-Jul-2025")]
    [TestCase("1-Jul-25")]
    [TestCase("1-Jul-0000")]
    [TestCase("1 Jul 2025")]
    [TestCase("\"1-Jul-2025")]
    public void Days_that_do_not_exist_are_refused(string input)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        reader.Date();
        Assert.That(reader.Failed, Is.True);
    }

    [TestCase("\" 1-Jul-2025 00:00:00 +0000\"", "2025-07-01T00:00:00+00:00")]
    [TestCase("\"17-Jul-1996 02:44:25 -0700\"", "1996-07-17T02:44:25-07:00")]
    [TestCase("\"31-Dec-2016 23:59:60 +0000\"", "2016-12-31T23:59:59+00:00")]
    public void Date_times(string input, string expected)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        Assert.That((reader.DateTime().ToString("yyyy-MM-ddTHH:mm:sszzz"), reader.Error), Is.EqualTo((expected, (string?)null)));
    }

    [TestCase("\"1-Jul-2025 24:00:00 +0000\"")]
    [TestCase("\"1-Jul-2025 00:00:00 +1500\"")]
    [TestCase("\"1-Jan-0001 00:00:00 +1200\"")]
    [TestCase("\"31-Dec-9999 23:59:59 -1200\"")]
    [TestCase("\"1-Jul-2025 00:00:00 0000\"")]
    [TestCase("1-Jul-2025 00:00:00 +0000")]
    public void Times_that_do_not_exist_are_refused(string input)
    {
        var reader = new ImapReader(Encoding.ASCII.GetBytes(input), 0);
        reader.DateTime();
        Assert.That(reader.Failed, Is.True);
    }

    [Test]
    public void Lists_nest_to_the_cap([Values(1, 2, 50)] int depth)
    {
        Assert.That(IsSearch(depth, depth), Is.True);
        Assert.That(IsSearch(depth + 1, depth), Is.False);
        static bool IsSearch(int parentheses, int depth)
        {
            var reader = new ImapReader(Encoding.ASCII.GetBytes(new string('(', parentheses) + "ALL" + new string(')', parentheses)), depth);
            reader.SearchRequest();
            reader.End();
            return !reader.Failed;
        }
    }

    [Test]
    public void Flags_are_told_from_keywords()
    {
        var reader = new ImapReader("(\\Seen \\fLAGGED $Label1 work WORK \\Recent)"u8, 1);
        var flags = reader.FlagsOrList();
        reader.End();
        Assert.That(reader.Error, Is.Null);
        Assert.That(flags.Flags, Is.EqualTo(SystemFlags.Seen | SystemFlags.Flagged));
        Assert.That(flags.Keywords, Is.EqualTo(new[] { "$Label1", "work" }));
    }

    [Test]
    public void Many_escaped_strings_in_one_line_cost_no_more_than_their_length()
    {
        var line = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("\"\\\\\" ", 10_000)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new ImapReader(line, 0);
        while (!reader.Failed && !reader.AtEnd)
        {
            reader.String();
            reader.Space();
        }

        Assert.That(reader.Error, Is.Null);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }
}
