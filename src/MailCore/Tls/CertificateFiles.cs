using System.Globalization;

namespace MailCore.Tls;

/// <summary>The files of one certificate: PEM, or PKCS#12 where there is no key file.</summary>
internal sealed record CertificateFiles
{
    private CertificateFiles(string file, string? keyFile, string? password) => (File, KeyFile, Password) = (file, keyFile, password);

    public string File { get; }

    public string? KeyFile { get; }

    private string? Password { get; }

    public static CertificateFiles Pem(string file, string? keyFile) => new(file, keyFile ?? file, null);

    public static CertificateFiles Pkcs12(string file, string? password) => new(file, null, password);

    /// <exception cref="CertificateException">They can't be used.</exception>
    public ServerCertificate Read(TimeProvider time) => KeyFile is null
        ? ServerCertificate.FromPkcs12(File, Password, time)
        : ServerCertificate.FromPem(File, KeyFile, time);

    /// <summary>Differs once a file was written or a link leads elsewhere: ACME clients do the one or the other.</summary>
    public string Stamp() => Stamp(File) + (KeyFile is null || KeyFile == File ? "" : " " + Stamp(KeyFile));

    /// <summary>The password stays out of logs.</summary>
    public override string ToString() => File;

    private static string Stamp(string path)
    {
        try
        {
            var file = new FileInfo(path);
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.FullName} {file.LastWriteTimeUtc.Ticks} {file.Length}") : "missing";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.GetType().Name;
        }
    }
}
