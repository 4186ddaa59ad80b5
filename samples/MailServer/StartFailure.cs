using MailCore.Hosting;
using MailCore.Storage.Sqlite;
using MailCore.Tls;

namespace MailServerSample;

/// <summary>Failures that whoever starts the server can mend, in words; the rest are bugs and keep their stack trace.</summary>
internal static class StartFailure
{
    /// <param name="error">What was thrown.</param>
    /// <param name="what">What could not be done.</param>
    public static string? Explain(Exception error, string what = "Can't start") => error switch
    {
        MailServerConfigurationException configuration => $"{Describe(configuration, what)}{Environment.NewLine}All keys are listed by --help.",
        CertificateException => $"{what}: {error.Message}{Environment.NewLine}The files are set by Mail:Certificate:File and Mail:Certificate:KeyFile, or Mail:Certificate:Folder.",
        FormatException => $"{what}: {error.Message}",
        InvalidDataException { InnerException: { } inner } => $"{what}: {error.Message} {inner.Message}{(inner.InnerException is { } cause ? $" {cause.Message}" : "")}",
        IOException { InnerException: System.Net.Sockets.SocketException } => $"{what}: {error.Message}{Environment.NewLine}Addresses and ports are set by Mail:Listeners; --help shows how.",
        SqliteStoreException => $"{what}: {error.Message}{Environment.NewLine}The folder is set by Mail:DataFolder.",
        IOException or UnauthorizedAccessException => $"{what}: {error.Message}",
        _ => null,
    };

    private static string Describe(MailServerConfigurationException error, string what) => error.Problems.Count == 1
        ? $"{what}: {error.Problems[0]}"
        : $"{what}:{string.Concat(error.Problems.Select(problem => $"{Environment.NewLine}- {problem}"))}";
}
