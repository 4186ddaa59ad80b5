using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay.Security;

/// <summary>Warns when a certificate was renewed and the TLSA records that are published do not fit it: senders that follow DANE keep their mail then.</summary>
internal sealed partial class RenewalCheck(IDnsResolver dns, ILogger<RenewalCheck> logger)
{
    // Used by the generated log method.
    private readonly ILogger _logger = logger;

    /// <summary>Begins, and returns at once.</summary>
    public void Start(ServerCertificate certificate) => _ = Task.Run(() => RunAsync(certificate));

    internal async Task RunAsync(ServerCertificate certificate)
    {
        var leaf = certificate.Certificate;
        var names = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static all => all.EnumerateDnsNames()).Where(static name => !name.StartsWith('*'));
        X509Certificate2Collection chain = [.. certificate.Select(null).IntermediateCertificates];
        foreach (var name in names)
        {
            if (await PublishedRecords.IsAcceptedAsync(dns, name, leaf, chain, CancellationToken.None).ConfigureAwait(false) == false)
            {
                Breaks(name, PublishedRecords.Tlsa(name, leaf));
            }
        }
    }

    [LoggerMessage(EventId = 4412, Level = LogLevel.Warning, Message = "The new certificate for {Name} does not fit its TLSA records: senders that follow DANE will not deliver. Publish {Record}")]
    private partial void Breaks(string name, ZoneRecord record);
}
