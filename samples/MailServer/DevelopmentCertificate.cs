using System.Security.Cryptography.X509Certificates;
using MailCore.Tls;
using Microsoft.Extensions.Logging;

namespace MailServerSample;

/// <summary>A self-signed certificate, kept beside the mail so that clients which were told to trust it still do after a restart.</summary>
internal static partial class DevelopmentCertificate
{
    public static ServerCertificate ReadOrMake(string folder, string hostName, ILogger logger)
    {
        var file = Path.Combine(folder, "development-certificate.pem");
        LogGenerated(logger, file);
        if (File.Exists(file))
        {
            try
            {
                return ServerCertificate.FromPem(file);
            }
            catch (CertificateException)
            {
                // Expired or damaged: it was of our own making, so another one is as good.
            }
        }

        var made = ServerCertificate.SelfSigned(hostName);
        using var key = made.Certificate.GetECDsaPrivateKey()!;
        Write(file, $"{made.Certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return made;
    }

    // For the owner alone, and whole or not at all.
    private static void Write(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = file + ".new";
        File.Delete(temporary);
        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(text);
        }

        File.Move(temporary, file, overwrite: true);
    }

    [LoggerMessage(EventId = 9001, Level = LogLevel.Warning, Message = "The TLS certificate in {File} was generated for development: no client has reason to trust it. Set Mail:Certificate:File and Mail:Certificate:KeyFile to use your own")]
    private static partial void LogGenerated(ILogger logger, string file);
}
