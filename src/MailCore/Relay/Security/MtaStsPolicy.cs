using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Relay.Security;

/// <summary>How a domain wants its MTA-STS policy to be taken (RFC 8461 5).</summary>
public enum MtaStsMode
{
    /// <summary>As if there were none.</summary>
    None,

    /// <summary>What does not fit it is reported, and gets its mail all the same.</summary>
    Testing,

    /// <summary>What does not fit it gets no mail.</summary>
    Enforce,
}

/// <summary>The policy that a domain publishes by HTTPS (RFC 8461 3.2). Immutable.</summary>
public sealed record MtaStsPolicy
{
    /// <summary>Octets of a policy; more are none.</summary>
    public const int MaxOctets = 64 * 1024;

    /// <summary>The longest max_age, about a year.</summary>
    public static readonly TimeSpan MaxMaxAge = TimeSpan.FromSeconds(31_557_600);

    /// <summary>The mode.</summary>
    public required MtaStsMode Mode { get; init; }

    /// <summary>Hosts, or "*.example.org" for those one label below; empty only with <see cref="MtaStsMode.None"/>.</summary>
    public required IReadOnlyList<string> Mx { get; init; }

    /// <summary>How long it may be kept, 0 to <see cref="MaxMaxAge"/>.</summary>
    public required TimeSpan MaxAge { get; init; }

    /// <summary>The file, with CRLF.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("version: STSv1\r\nmode: ").Append(NameOf(Mode)).Append("\r\n");
        foreach (var host in Mx)
        {
            text.Append("mx: ").Append(host).Append("\r\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"max_age: {(long)MaxAge.TotalSeconds}\r\n").ToString();
    }

    /// <summary>Reads the file. Keys that are not known are passed over; of a key that stands twice the first counts, but for "mx".</summary>
    public static bool TryParse(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out MtaStsPolicy? policy)
    {
        policy = null;
        if (octets.Length > MaxOctets)
        {
            return false;
        }

        var (values, mx) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<string>());
        foreach (var line in Encoding.UTF8.GetString(octets).Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                if (!string.IsNullOrWhiteSpace(line))
                {
                    return false;
                }

                continue;
            }

            var (key, value) = (line[..colon].Trim(' ', '\t'), line[(colon + 1)..].Trim(' ', '\t', '\r'));
            if (key != "mx")
            {
                values.TryAdd(key, value);
            }
            else if (IsPattern(value))
            {
                mx.Add(value);
            }
            else
            {
                return false;
            }
        }

        if (values.GetValueOrDefault("version") != "STSv1" || ModeOf(values.GetValueOrDefault("mode")) is not { } mode || (mx.Count == 0 && mode != MtaStsMode.None)
            || values.GetValueOrDefault("max_age") is not { Length: <= 10 } age || !long.TryParse(age, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds > (long)MaxMaxAge.TotalSeconds)
        {
            return false;
        }

        policy = new MtaStsPolicy { Mode = mode, Mx = mx, MaxAge = TimeSpan.FromSeconds(seconds) };
        return true;
    }

    /// <summary>
    /// The id of a TXT record "v=STSv1; id=...;" (RFC 8461 3.1), 1 to 32 letters and digits; false for other records and broken ones.
    /// </summary>
    public static bool TryParseRecord(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? id)
    {
        id = null;
        if (!IsRecord(text))
        {
            return false;
        }

        foreach (var part in text[8..].ToString().Split(';'))
        {
            var field = part.Trim(' ', '\t');
            if (field.StartsWith("id=", StringComparison.Ordinal))
            {
                var value = field[3..];
                id = id is null && value.Length is >= 1 and <= 32 && value.All(char.IsAsciiLetterOrDigit) ? value : null;
                return id is not null;
            }
        }

        return false;
    }

    /// <summary>Whether a TXT record is meant to be one of MTA-STS.</summary>
    internal static bool IsRecord(ReadOnlySpan<char> text) => text.StartsWith("v=STSv1", StringComparison.Ordinal) && text.Length > 8 && text[7..].TrimStart(" \t") is [';', ..];

    /// <summary>Whether a host is one of those listed (RFC 8461 4.1). A "*" stands for one label.</summary>
    public bool Matches(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.TrimEnd('.');
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return Mx.Any(pattern => pattern.StartsWith("*.", StringComparison.Ordinal)
            ? dot > 0 && name.AsSpan(dot).Equals(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase)
            : name.Equals(pattern, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsPattern(string text) => EmailAddress.IsDomain(text.StartsWith("*.", StringComparison.Ordinal) ? text.AsSpan(2) : text);

    private static MtaStsMode? ModeOf(string? text) => text switch
    {
        "none" => MtaStsMode.None,
        "testing" => MtaStsMode.Testing,
        "enforce" => MtaStsMode.Enforce,
        _ => null,
    };

    private static string NameOf(MtaStsMode mode) => mode switch
    {
        MtaStsMode.Enforce => "enforce",
        MtaStsMode.Testing => "testing",
        _ => "none",
    };
}
