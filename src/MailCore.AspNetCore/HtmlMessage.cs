using System.Text;
using MailCore.Messaging;

namespace MailCore.AspNetCore;

/// <summary>A message of one HTML part. Every line of it is ASCII of at most 76 characters, whatever its texts hold.</summary>
internal static class HtmlMessage
{
    /// <summary>Octets of text in one encoded word: "Subject: =?utf-8?B?", 52 of base64 and "?=" fit into a line of 76 (RFC 2047 2).</summary>
    private const int WordOctets = 39;

    private const int LineOctets = 57;

    public static byte[] Write(EmailAddress from, string? displayName, EmailAddress to, string subject, string html)
    {
        var text = new StringBuilder()
            .Append("From: ").Append(string.IsNullOrEmpty(displayName) ? "" : Encode(displayName) + "\r\n ").Append('<').Append(from).Append(">\r\n")
            .Append("To: <").Append(to).Append(">\r\n")
            .Append("Subject: ").Append(Encode(subject)).Append("\r\n")
            .Append("Auto-Submitted: auto-generated\r\n")
            .Append("MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        var octets = Encoding.UTF8.GetBytes(html);
        for (var i = 0; i < octets.Length; i += LineOctets)
        {
            text.Append(Convert.ToBase64String(octets.AsSpan(i, Math.Min(LineOctets, octets.Length - i)))).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>As it is where a header can hold it, and as encoded words otherwise; no line end in it ends the field.</summary>
    private static string Encode(string text)
    {
        if (text.Length <= 60 && text.All(static c => c is ' ' or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
        {
            return text.Trim();
        }

        var words = new List<string>();
        var word = new List<byte>();
        Span<byte> octets = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var count = rune.EncodeToUtf8(octets);
            if (word.Count + count > WordOctets)
            {
                words.Add(Finish(word));
            }

            word.AddRange(octets[..count]);
        }

        words.Add(Finish(word));
        return string.Join("\r\n ", words);

        static string Finish(List<byte> word)
        {
            var encoded = $"=?utf-8?B?{Convert.ToBase64String([.. word])}?=";
            word.Clear();
            return encoded;
        }
    }
}
