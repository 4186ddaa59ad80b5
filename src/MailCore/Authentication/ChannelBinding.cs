using System.Formats.Asn1;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Authentication;

/// <summary>
/// What ties a login to the TLS connection it is made on (RFC 5056). tls-exporter (RFC 9266) is not there: SslStream exports no
/// keying material.
/// </summary>
internal static class ChannelBinding
{
    // Octets of the SEC_CHANNEL_BINDINGS that the framework puts in front.
    private const int Header = 32;

    private static readonly byte[] UniquePrefix = "tls-unique:"u8.ToArray();

    /// <summary>Whether a client can bind to this connection at all.</summary>
    public static bool IsAvailable(SslStream tls) => tls.LocalCertificate is X509Certificate2 certificate && HashOf(certificate) is not null;

    /// <summary>The data for a type of binding by its registered name, or null where this connection does not have it.</summary>
    public static byte[]? Find(string type, SslStream tls) => type switch
    {
        "tls-server-end-point" => tls.LocalCertificate is X509Certificate2 certificate ? ServerEndPoint(certificate) : null,
        "tls-unique" => Unique(tls),
        _ => null,
    };

    /// <summary>RFC 5929 4.1: the server certificate, hashed by what it is signed with, and MD5 and SHA-1 replaced by SHA-256.</summary>
    public static byte[]? ServerEndPoint(X509Certificate2 certificate) =>
        HashOf(certificate) is { } hash ? CryptographicOperations.HashData(hash, certificate.RawDataMemory.Span) : null;

    // Undefined for signatures without a hash of their own (Ed25519), and since TLS 1.3 (RFC 8446 C.5) for tls-unique.
    private static byte[]? Unique(SslStream tls)
    {
        if (tls.SslProtocol is not SslProtocols.Tls12 || tls.TransportContext.GetChannelBinding(ChannelBindingKind.Unique) is not { } binding)
        {
            return null;
        }

        using (binding)
        {
            var octets = new byte[binding.Size];
            Marshal.Copy(binding.DangerousGetHandle(), octets, 0, octets.Length);
            var data = octets.AsSpan(Math.Min(Header, octets.Length));
            return data.StartsWith(UniquePrefix) ? data[UniquePrefix.Length..].ToArray() : null;
        }
    }

    private static HashAlgorithmName? HashOf(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        // MD5 and SHA-1 with RSA, SHA-1 with DSA and ECDSA
        "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10040.4.3" or "1.2.840.10045.4.1" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
        "1.2.840.113549.1.1.10" => HashOfPss(certificate),
        _ => null,
    };

    // RFC 4055 3.1: the hash is a parameter of the algorithm, SHA-1 if left out.
    private static HashAlgorithmName? HashOfPss(X509Certificate2 certificate)
    {
        try
        {
            var signed = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            signed.ReadEncodedValue();
            var algorithm = signed.ReadSequence();
            algorithm.ReadObjectIdentifier();
            var parameters = algorithm.ReadSequence();
            var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
            if (!parameters.HasData || parameters.PeekTag() != tag)
            {
                return HashAlgorithmName.SHA256;
            }

            return parameters.ReadSequence(tag).ReadSequence().ReadObjectIdentifier() switch
            {
                "1.3.14.3.2.26" or "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
                "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
                "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
                _ => null,
            };
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
