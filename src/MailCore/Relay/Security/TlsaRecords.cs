using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;

namespace MailCore.Relay.Security;

/// <summary>Certificates and the records that stand for them (RFC 6698, RFC 7671).</summary>
internal static class TlsaRecords
{
    public const byte TrustAnchor = 2;
    public const byte EndEntity = 3;

    /// <summary>
    /// Those that a mail client can use (RFC 7672 3.1.3: usages 0 and 1 are not), and of several digests of the same kind only the
    /// strongest (RFC 7671 9): a weaker one that an attacker can forge is no way in.
    /// </summary>
    public static IReadOnlyList<TlsaRecord> Usable(IReadOnlyList<TlsaRecord> records)
    {
        var known = records.Where(static record => record is { Usage: TrustAnchor or EndEntity, Selector: 0 or 1 } && HasItsLength(record)).ToList();
        return [.. known.Where(record => record.MatchingType == 0 || !known.Exists(other =>
            (other.Usage, other.Selector) == (record.Usage, record.Selector) && other.MatchingType > record.MatchingType))];
    }

    public static bool Matches(TlsaRecord record, X509Certificate2 certificate)
    {
        var data = Data(certificate, record.Selector, record.MatchingType);
        return data is not null && data.AsSpan().SequenceEqual(record.Association.Span);
    }

    /// <summary>"3 1 1 00FF…", as a zone file has it.</summary>
    public static string Write(TlsaRecord record) => Write(record.Usage, record.Selector, record.MatchingType, record.Association.Span);

    public static string Write(byte usage, byte selector, byte matchingType, ReadOnlySpan<byte> association) =>
        string.Create(CultureInfo.InvariantCulture, $"{usage} {selector} {matchingType} {Convert.ToHexString(association)}");

    /// <summary>What a record of this kind holds for a certificate; null for kinds that nobody knows.</summary>
    public static byte[]? Data(X509Certificate2 certificate, byte selector, byte matchingType)
    {
        var whole = selector switch
        {
            0 => certificate.RawData,
            1 => certificate.PublicKey.ExportSubjectPublicKeyInfo(),
            _ => null,
        };
        return whole is null ? null : matchingType switch
        {
            0 => whole,
            1 => SHA256.HashData(whole),
            2 => SHA512.HashData(whole),
            _ => null,
        };
    }

    private static bool HasItsLength(TlsaRecord record) => record.MatchingType switch
    {
        0 => record.Association.Length > 0,
        1 => record.Association.Length == SHA256.HashSizeInBytes,
        2 => record.Association.Length == SHA512.HashSizeInBytes,
        _ => false,
    };
}
