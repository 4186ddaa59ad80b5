using System.Security.Cryptography.X509Certificates;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailServerSample;

/// <summary>A self-signed certificate, kept in the data folder so that clients which were told to trust it still do after a restart.</summary>
internal sealed partial class DevelopmentCertificate
{
    private const string Name = "development-certificate.pem";
    private readonly string _file;

    private DevelopmentCertificate(string file, ServerCertificate certificate) => (_file, Certificate) = (file, certificate);

    public ServerCertificate Certificate { get; }

    public static DevelopmentCertificate ReadOrMake(DataFolder folder, string hostName)
    {
        var file = folder.File(Name);
        if (File.Exists(file))
        {
            try
            {
                return new DevelopmentCertificate(file, ServerCertificate.FromPem(file));
            }
            catch (CertificateException)
            {
                // Expired or damaged: it was of our own making, so another one is as good.
            }
        }

        var made = ServerCertificate.SelfSigned(hostName).Certificate;
        using var key = made.GetECDsaPrivateKey()!;
        folder.WriteSecret(Name, $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return new DevelopmentCertificate(file, ServerCertificate.FromPem(file));
    }

    public void Announce(ILogger logger) => LogGenerated(logger, _file);

    [LoggerMessage(EventId = 9001, Level = LogLevel.Warning, Message = "The TLS certificate in {File} was generated for development: no client has reason to trust it. Set Mail:Certificate:File and Mail:Certificate:KeyFile to use your own")]
    private static partial void LogGenerated(ILogger logger, string file);
}
