using MailCore.Hosting;
using MailCore.Storage.Sqlite;
using MailCore.Tls;

namespace MailServerSample;

/// <summary>Failures that whoever starts the server can mend, in words; the rest are bugs and keep their stack trace.</summary>
internal static class StartFailure
{
    public static string? Explain(Exception error) => error switch
    {
        MailServerConfigurationException configuration => $"{Describe(configuration)}{Environment.NewLine}All keys are listed by --help.",
        CertificateException => $"Can't start: {error.Message}{Environment.NewLine}The files are set by Mail:Certificate:File and Mail:Certificate:KeyFile, or Mail:Certificate:Folder.",
        FormatException => $"Can't start: {error.Message}",
        InvalidDataException { InnerException: { } inner } => $"Can't start: {error.Message} {inner.Message}",
        IOException { InnerException: System.Net.Sockets.SocketException } => $"Can't start: {error.Message}{Environment.NewLine}Addresses and ports are set by Mail:Listeners; --help shows how.",
        SqliteStoreException => $"Can't start: {error.Message}{Environment.NewLine}The folder is set by Mail:DataFolder.",
        IOException or UnauthorizedAccessException => $"Can't start: {error.Message}",
        _ => null,
    };

    private static string Describe(MailServerConfigurationException error) => error.Problems.Count == 1
        ? $"Can't start: {error.Problems[0]}"
        : $"Can't start:{string.Concat(error.Problems.Select(problem => $"{Environment.NewLine}- {problem}"))}";
}
