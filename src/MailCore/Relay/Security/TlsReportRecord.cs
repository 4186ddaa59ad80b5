using System.Diagnostics.CodeAnalysis;
using MailCore.Dns;

namespace MailCore.Relay.Security;

/// <summary>Where a domain wants TLS reports to go: the TXT record of <c>_smtp._tls</c> (RFC 8460 3). Immutable.</summary>
public sealed record TlsReportRecord
{
    /// <summary>Characters of a record; more are none.</summary>
    public const int MaxCharacters = 2_048;

    /// <summary>Addresses that are looked at; more are passed over.</summary>
    public const int MaxAddresses = 10;

    private const string Version = "v=TLSRPTv1";

    /// <summary>"mailto:" and "https:" alone, at least one.</summary>
    public required IReadOnlyList<Uri> Addresses { get; init; }

    /// <summary>Looks the record of a domain up; null where it wants no reports, has several records, or can't be asked now.</summary>
    public static async ValueTask<TlsReportRecord?> FindAsync(IDnsResolver dns, string domain, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dns);
        var answer = await dns.QueryAsync($"_smtp._tls.{domain}", DnsRecordType.Txt, cancellationToken).ConfigureAwait(false);
        var records = answer.Records.OfType<TextRecord>().Where(static record => IsRecord(record.Text)).ToList();
        return records.Count == 1 && TryParse(records[0].Text, out var record) ? record : null;
    }

    /// <summary>Reads a record. Fields that are not known, and addresses of other kinds, are passed over.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out TlsReportRecord? record)
    {
        record = null;
        if (text.Length > MaxCharacters || !IsRecord(text))
        {
            return false;
        }

        var addresses = default(List<Uri>);
        foreach (var part in text[Version.Length..].TrimStart(" \t")[1..].ToString().Split(';'))
        {
            var field = part.Trim(' ', '\t');
            if (field.Length == 0)
            {
                continue;
            }

            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || equals == field.Length - 1)
            {
                return false;
            }

            if (field.StartsWith("rua=", StringComparison.Ordinal))
            {
                if (addresses is not null)
                {
                    return false;
                }

                addresses = [.. field[4..].Split(',').Select(static one => one.Trim(' ', '\t')).Select(TryAddress).OfType<Uri>().Take(MaxAddresses)];
            }
        }

        record = addresses is { Count: > 0 } ? new TlsReportRecord { Addresses = addresses } : null;
        return record is not null;
    }

    private static bool IsRecord(ReadOnlySpan<char> text) => text.StartsWith(Version, StringComparison.Ordinal) && text[Version.Length..].TrimStart(" \t") is [';', ..];

    private static Uri? TryAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps ? uri.Host.Length > 0 : uri.Scheme == Uri.UriSchemeMailto && uri.UserInfo.Length > 0 && uri.Host.Length > 0)
            ? uri
            : null;
}
