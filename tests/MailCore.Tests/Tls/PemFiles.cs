using System.Security.Cryptography.X509Certificates;

namespace MailCore.Tests.Tls;

/// <summary>A temporary folder of certificate files.</summary>
internal sealed class PemFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("mailcore-tls-").FullName;

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        var path = Path(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>The certificate with its chain in one file and its key in another.</summary>
    public (string File, string KeyFile) Write(string name, string keyName, X509Certificate2 certificate, params X509Certificate2[] chain) =>
        (Write(name, string.Join('\n', chain.Prepend(certificate).Select(static one => one.ExportCertificatePem()))), Write(keyName, Key(certificate)));

    public static string Key(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
