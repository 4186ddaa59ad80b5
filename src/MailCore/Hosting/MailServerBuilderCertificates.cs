using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;
using MailCore.Relay.Security;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>
/// Where certificates come from; the last call counts. Files are read again when they change: the next handshake gets the new
/// certificate, and sessions go on.
/// </summary>
public static class MailServerBuilderCertificates
{
    /// <summary>
    /// PEM files: the leaf first, then its intermediates; without <paramref name="keyFile"/> the key, unencrypted, stands in the same file.
    /// </summary>
    public static MailServerBuilder UseCertificate(this MailServerBuilder mail, string certificateFile, string? keyFile = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(certificateFile);
        var files = CertificateFiles.Pem(certificateFile, keyFile);
        return UseFiles(mail, () => [files]);
    }

    /// <summary>A PKCS#12 file (.p12, .pfx): the leaf with its key, and its intermediates.</summary>
    public static MailServerBuilder UsePkcs12Certificate(this MailServerBuilder mail, string file, string? password = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        var files = CertificateFiles.Pkcs12(file, password);
        return UseFiles(mail, () => [files]);
    }

    /// <summary>
    /// All certificates in the folder of an ACME client (certbot, lego, acme.sh), chosen by the name that a client asks for; without
    /// one, the certificate for <see cref="MailServerOptions.HostName"/>.
    /// </summary>
    public static MailServerBuilder UseCertificateFolder(this MailServerBuilder mail, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return UseFiles(mail, () => CertificateFolder.Find(folder));
    }

    /// <summary>A certificate that has its private key, and the intermediates to send along.</summary>
    public static MailServerBuilder UseCertificate(this MailServerBuilder mail, X509Certificate2 certificate, X509Certificate2Collection? chain = null) =>
        UseCertificates(mail, _ => new ServerCertificate(certificate, chain));

    /// <summary>
    /// The host's own choice: asked at every handshake, from any thread, with the name that the client sent by SNI or null. Give the same
    /// object for the same certificate, or clients can't resume their sessions.
    /// </summary>
    public static MailServerBuilder UseCertificateSelector(this MailServerBuilder mail, Func<string?, ServerCertificate> select)
    {
        ArgumentNullException.ThrowIfNull(select);
        return UseCertificates(mail, _ => new SelectedCertificates(select));
    }

    /// <summary>Shows certificates as this selects them.</summary>
    public static MailServerBuilder UseCertificates(this MailServerBuilder mail, Func<IServiceProvider, IServerCertificates> certificates)
    {
        ArgumentNullException.ThrowIfNull(mail);
        mail.Services.RemoveAll<SelfSignedNotice>();
        mail.Services.Replace(ServiceDescriptor.Singleton(certificates));
        return mail;
    }

    /// <summary>For development and tests: a certificate made at the start, which no client has reason to trust. The log says so.</summary>
    public static MailServerBuilder UseSelfSignedCertificate(this MailServerBuilder mail)
    {
        UseCertificates(mail, _ => ServerCertificate.SelfSigned(mail.HostName));
        mail.Services.AddSingleton<SelfSignedNotice>();
        return mail;
    }

    private static MailServerBuilder UseFiles(MailServerBuilder mail, Func<IReadOnlyList<CertificateFiles>> find) =>
        UseCertificates(mail, services => new ReloadingCertificates(
            find,
            new CertificateReloading(mail.HostName, mail.Options.CertificateCheckInterval),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ReloadingCertificates>>())
        {
            Renewed = new RenewalCheck(services.GetRequiredService<IDnsResolver>(), services.GetRequiredService<ILogger<RenewalCheck>>()).Start,
        });
}
