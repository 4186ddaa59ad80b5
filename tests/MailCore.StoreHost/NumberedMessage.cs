using System.Globalization;
using System.Text;

namespace MailCore.StoreHost;

/// <summary>Messages that can be made again from their name: most of a few hundred octets, some just inside the database, some in files.</summary>
internal static class NumberedMessage
{
    public static byte[] Make(string name)
    {
        var number = int.Parse(name.AsSpan(name.LastIndexOf('.') + 1), CultureInfo.InvariantCulture);
        var lines = (number % 10) switch { 3 => 1_200, 6 => 380, _ => 5 };
        return Encoding.ASCII.GetBytes(
            $"Subject: {name}\r\nFrom: sender@example.com\r\n\r\n{string.Concat(Enumerable.Range(0, lines).Select(line => $"{name} line {line} {new string('k', 60)}\r\n"))}");
    }

    /// <summary>The name in a message's subject.</summary>
    public static string NameOf(byte[] message)
    {
        var text = Encoding.ASCII.GetString(message);
        return text["Subject: ".Length..text.IndexOf("\r\n", StringComparison.Ordinal)];
    }
}
