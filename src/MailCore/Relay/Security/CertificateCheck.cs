using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;

namespace MailCore.Relay.Security;

/// <summary>Judges the certificate of one handshake: by name and authorities, or by TLSA records. What it found wrong is kept, also where it does not matter.</summary>
internal sealed class CertificateCheck(OutboundTlsRequirement requirement, string serverName)
{
    private const X509ChainStatusFlags Unanchored = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>For SNI; with DANE the TLSA base domain (RFC 7672 8.1).</summary>
    public string ServerName { get; } = requirement is { Level: OutboundTlsLevel.Dane, Names: [var first, ..] } ? first : serverName;

    /// <summary>Why the certificate is not good, by RFC 8460 4.3; null where it is, and before it was seen.</summary>
    public string? Problem { get; private set; }

    public bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Problem = certificate is not X509Certificate2 leaf ? "validation-failure"
            : requirement.Level == OutboundTlsLevel.Dane ? (MatchesAssociation(leaf, chain) ? null : "validation-failure")
            : FindProblem(leaf, chain, errors);
        return Problem is null || requirement.Level < OutboundTlsLevel.Verify;
    }

    private string? FindProblem(X509Certificate2 leaf, X509Chain? chain, SslPolicyErrors errors)
    {
        if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return chain?.ChainStatus.Any(static status => status.Status == X509ChainStatusFlags.NotTimeValid) == true ? "certificate-expired" : "certificate-not-trusted";
        }

        var isItsName = requirement.Names.Count == 0 ? errors == SslPolicyErrors.None : errors != SslPolicyErrors.RemoteCertificateNotAvailable && HasName(leaf);
        return isItsName ? null : "certificate-host-mismatch";
    }

    private bool HasName(X509Certificate2 leaf) => requirement.Names.Any(name => leaf.MatchesHostname(name, allowWildcards: true, allowCommonName: false));

    private bool MatchesAssociation(X509Certificate2 leaf, X509Chain? chain)
    {
        // RFC 7672 3.1.1: names and dates of the certificate do not matter then.
        if (requirement.Associations.Any(record => record.Usage == TlsaRecords.EndEntity && TlsaRecords.Matches(record, leaf)))
        {
            return true;
        }

        var anchors = requirement.Associations.Where(static record => record.Usage == TlsaRecords.TrustAnchor).ToList();
        return anchors.Count > 0 && HasName(leaf) && LeadsToAnchor(leaf, chain?.ChainPolicy.ExtraStore, anchors);
    }

    /// <summary>RFC 7672 3.1.2: a certificate of the server's own chain, or one that DNS holds whole. What stands above it does not matter.</summary>
    private static bool LeadsToAnchor(X509Certificate2 leaf, X509Certificate2Collection? sent, List<TlsaRecord> anchors)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        chain.ChainPolicy.ExtraStore.AddRange(sent ?? []);
        using var whole = new WholeAnchors(anchors);
        chain.ChainPolicy.ExtraStore.AddRange(whole.Certificates);
        chain.Build(leaf);
        for (var i = 0; i < chain.ChainElements.Count; i++)
        {
            var element = chain.ChainElements[i];
            if (element.ChainElementStatus.Any(static status => (status.Status & ~Unanchored) != 0))
            {
                return false;
            }

            if (i > 0 && anchors.Exists(record => TlsaRecords.Matches(record, element.Certificate)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Certificates that records hold whole ("2 0 0").</summary>
    private sealed class WholeAnchors : IDisposable
    {
        public WholeAnchors(List<TlsaRecord> anchors)
        {
            foreach (var record in anchors.Where(static record => record is { Selector: 0, MatchingType: 0 }))
            {
                try
                {
                    Certificates.Add(X509CertificateLoader.LoadCertificate(record.Association.Span));
                }
                catch (CryptographicException)
                {
                    // Anybody may publish anything.
                }
            }
        }

        public X509Certificate2Collection Certificates { get; } = [];

        public void Dispose()
        {
            foreach (var certificate in Certificates)
            {
                certificate.Dispose();
            }
        }
    }
}
