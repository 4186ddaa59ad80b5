using System.Text;
using NUnit.Framework;

namespace MailCore.InteropTests.Wire;

/// <summary>A message as it comes out: trace headers that the server put before it, then the octets that went in.</summary>
internal static class StoredMessage
{
    /// <summary>Asserts that the octets end with those sent and that nothing but whole header lines stands before; returns those.</summary>
    public static string AssertCarries(byte[] stored, byte[] sent, string because = "")
    {
        Assert.That(stored, Has.Length.GreaterThanOrEqualTo(sent.Length), because);
        var trace = Encoding.UTF8.GetString(stored, 0, stored.Length - sent.Length);
        Assert.That(stored.AsSpan(stored.Length - sent.Length).SequenceEqual(sent), Is.True, () => $"{because}: the octets differ from position {FirstDifference(stored, sent)} of the message on.");
        Assert.That(trace, Does.Match(@"\A(Return-Path: <[^\r\n]*>\r\n(Delivered-To: [^\r\n]+\r\n)?Received: ([^\r\n]+\r\n)([ \t][^\r\n]+\r\n)*)?\z"), because);
        return trace;
    }

    /// <summary>A message of some lines, with a dot at a line's start, an umlaut in eight bits and a long line.</summary>
    public static byte[] Make(string subject, string extra = "") => Encoding.UTF8.GetBytes(string.Join("\r\n",
        "From: Sender <sender@example.com>", "To: user@example.org", $"Subject: {subject}", "Date: Thu, 1 Jan 2026 12:00:00 +0000",
        $"Message-ID: <{Guid.NewGuid():n}@example.com>", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
        "", ".a line that begins with a dot", "..and one with two", "Grüße", new string('x', 990), extra, "end", ""));

    private static int FirstDifference(byte[] stored, byte[] sent)
    {
        var start = stored.Length - sent.Length;
        return Enumerable.Range(0, sent.Length).First(i => stored[start + i] != sent[i]);
    }
}
