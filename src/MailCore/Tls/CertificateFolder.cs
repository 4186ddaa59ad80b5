namespace MailCore.Tls;

/// <summary>Finds the certificates in the folder of an ACME client.</summary>
internal static class CertificateFolder
{
    /// <summary>
    /// certbot: live/NAME/{fullchain,privkey}.pem. lego: certificates/NAME.{crt,key}. acme.sh: NAME/fullchain.cer and NAME.key. The
    /// folder may be the client's own, the one with the certificates, or that of a single certificate.
    /// </summary>
    /// <exception cref="CertificateException">There is no such folder, or no certificate in it.</exception>
    public static IReadOnlyList<CertificateFiles> Find(string folder)
    {
        try
        {
            var found = Candidates(folder).SelectMany(InOne).DistinctBy(static files => files.File).ToList();
            return found.Count > 0
                ? found
                : throw new CertificateException(
                    $"The folder '{folder}' holds no certificate. Looked for fullchain.pem with privkey.pem (certbot), NAME.crt with NAME.key (lego) and NAME/fullchain.cer with NAME.key (acme.sh).");
        }
        catch (DirectoryNotFoundException error)
        {
            throw new CertificateException($"The certificate folder '{folder}' does not exist.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"The certificate folder '{folder}' can't be read: {error.Message}", error);
        }
    }

    private static IEnumerable<string> Candidates(string folder)
    {
        foreach (var holder in new[] { folder, Path.Combine(folder, "live"), Path.Combine(folder, "certificates") })
        {
            if (holder == folder || Directory.Exists(holder))
            {
                yield return holder;
                foreach (var below in Directory.EnumerateDirectories(holder).Order(StringComparer.Ordinal))
                {
                    yield return below;
                }
            }
        }
    }

    private static IEnumerable<CertificateFiles> InOne(string folder)
    {
        if (Pair(Path.Combine(folder, "fullchain.pem"), Path.Combine(folder, "privkey.pem")) is { } certbot)
        {
            yield return certbot;
        }

        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        name = name.EndsWith("_ecc", StringComparison.Ordinal) ? name[..^4] : name;
        if (Pair(Path.Combine(folder, "fullchain.cer"), Path.Combine(folder, name + ".key")) is { } acmeSh)
        {
            yield return acmeSh;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.crt").Order(StringComparer.Ordinal))
        {
            if (Pair(file, Path.ChangeExtension(file, ".key")) is { } lego)
            {
                yield return lego;
            }
        }
    }

    private static CertificateFiles? Pair(string certificate, string key) => File.Exists(certificate) && File.Exists(key) ? CertificateFiles.Pem(certificate, key) : null;
}
