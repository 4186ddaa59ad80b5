using System.Globalization;
using System.Text;
using MailCore.Storage;

namespace MailCore.Tests.Imap.Search;

/// <summary>A message of which a test knows what there is to find in it.</summary>
internal sealed record ModelMessage
{
    private static readonly string[] Words = ["river", "Boat", "report", "über", "naïve", "budget", "x"];

    public uint Uid { get; set; }

    public required HashSet<string> Flags { get; init; }

    public required string Subject { get; init; }

    public required string From { get; init; }

    public required string Body { get; init; }

    public required DateTimeOffset Received { get; init; }

    public required DateTimeOffset Sent { get; init; }

    public required byte[] Octets { get; init; }

    public string Header => Encoding.UTF8.GetString(Octets).Split("\r\n\r\n")[0];

    public AppendOptions Options => new()
    {
        InternalDate = Received,
        Flags = Flags.Where(static flag => flag[0] == '\\').Select(static flag => Enum.Parse<SystemFlags>(flag[1..])).Aggregate(SystemFlags.None, static (a, b) => a | b),
        Keywords = [.. Flags.Where(static flag => flag[0] != '\\')],
    };

    public static ModelMessage Make(Random random)
    {
        string Text(int most) => string.Join(' ', Enumerable.Range(0, random.Next(1, most)).Select(_ => Words[random.Next(Words.Length)]));
        var (subject, from, body) = (Text(4), Words[random.Next(Words.Length)], Text(8));
        var zone = TimeSpan.FromHours(random.Next(-11, 12));
        var received = new DateTimeOffset(2025, 6, random.Next(1, 30), random.Next(24), random.Next(60), 0, zone);
        var sent = new DateTimeOffset(2025, 6, random.Next(1, 30), random.Next(24), random.Next(60), 0, zone);
        // As an encoded word, in 8 bits, or plain where it can be.
        var encoded = random.Next(2) == 0 ? $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(subject))}?=" : subject;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Date: {sent.ToString("ddd, d MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} {sent.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal)}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"From: \"{from}\" <{(random.Next(2) == 0 ? "amy" : "bob")}@example.org>\r\nSubject: {encoded}\r\nX-Note: {Words[random.Next(Words.Length)]}\r\n");
        var isBase64 = random.Next(2) == 0;
        text.Append(CultureInfo.InvariantCulture, $"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {(isBase64 ? "base64" : "8bit")}\r\n\r\n");
        text.Append(isBase64 ? Convert.ToBase64String(Encoding.UTF8.GetBytes(body)) : body).Append("\r\n");
        return new ModelMessage
        {
            Flags = [.. new[] { "\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "Later" }.Where(_ => random.Next(3) == 0)],
            Subject = subject,
            From = from,
            Body = body,
            Received = received,
            Sent = sent,
            Octets = Encoding.UTF8.GetBytes(text.ToString()),
        };
    }
}
