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

    /// <summary>Recipients of one transaction (RFC 9422), where it told.</summary>
    public int? MaxRecipients => Limit("RCPTMAX");

    /// <summary>Transactions of one connection (RFC 9422), where it told.</summary>
    public int? MaxMessages => Limit("MAILMAX");

    /// <summary>Seconds that a message must have left to be taken with BY=;R (RFC 2852 3); 0 where it told none.</summary>
    public int MinDeliverBy => int.TryParse(this["DELIVERBY"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

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

    private int? Limit(string name)
    {
        foreach (var limit in (this["LIMITS"] ?? "").Split(' '))
        {
            if (limit.StartsWith(name + "=", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(limit.AsSpan(name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            {
                return number;
            }
        }

        return null;
    }
}
