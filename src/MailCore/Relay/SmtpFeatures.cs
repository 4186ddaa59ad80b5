using System.Globalization;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>What a server announced in its answer to EHLO; nothing, after HELO.</summary>
internal sealed class SmtpFeatures
{
    private readonly Dictionary<string, string> _keywords = new(StringComparer.OrdinalIgnoreCase);

    private SmtpFeatures()
    {
    }

    public static SmtpFeatures None { get; } = new();

    /// <summary>The largest message it takes, where it told (RFC 1870: 0 is no limit).</summary>
    public long? MaxSize => this["SIZE"] is { } size && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var octets) && octets > 0 ? octets : null;

    /// <summary>A keyword's parameters, empty where it has none; null where it was not announced.</summary>
    public string? this[string keyword] => _keywords.GetValueOrDefault(keyword);

    public static SmtpFeatures Parse(SmtpReply ehlo)
    {
        var features = new SmtpFeatures();
        // The first line is the server's name.
        foreach (var line in ehlo.Text.Split('\n').Skip(1))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            features._keywords[space < 0 ? line : line[..space]] = space < 0 ? "" : line[(space + 1)..].Trim();
        }

        return features;
    }

    public bool Has(string keyword) => _keywords.ContainsKey(keyword);
}
