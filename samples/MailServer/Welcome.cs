using System.Globalization;
using System.Net;
using System.Text;
using MailCore;
using MailCore.Hosting;
using MailCore.Tls;

namespace MailServerSample;

/// <summary>The account, the endpoints, and the commands that send and read a first message.</summary>
internal sealed class Welcome(MailServer server, FirstAccount? first, MailServerSettings settings)
{
    public string Text()
    {
        var text = new StringBuilder().AppendLine();
        if (first is { } account)
        {
            WriteAccount(text, account);
            WriteEndpoints(text);
            WriteCommands(text, account);
        }
        else
        {
            text.AppendLine("  Account     none yet; to make one: MailServer account add ADDRESS --password -").AppendLine();
            WriteEndpoints(text);
        }

        return text.ToString();
    }

    private void WriteAccount(StringBuilder text, FirstAccount account)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"  Account     {account.Address}");
        if (account.Password is { } password)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  Password    {password}");
            text.AppendLine("              shown this once; only a hash of it is kept");
        }
        else if (settings.Accounts.Exists(configured => configured.Password is { Length: > 0 } && account.Address.Equals(configured.Address, StringComparison.OrdinalIgnoreCase)))
        {
            text.AppendLine("  Password    as configured");
        }
        else
        {
            var isOwn = account.Address.Equals(FirstAccount.AddressIn(settings), StringComparison.OrdinalIgnoreCase);
            text.AppendLine(isOwn ? "  Password    was shown when the account was made; to set another:" : "  Password    not in the configuration; to set one:");
            text.AppendLine(CultureInfo.InvariantCulture, $"              --Mail:Accounts:0:Address={account.Address} --Mail:Accounts:0:Password=...");
        }

        text.AppendLine();
    }

    private void WriteEndpoints(StringBuilder text)
    {
        List<string[]> rows = [["Endpoint", "Purpose", "Protocol", "Port", "Encryption", "Address"]];
        rows.AddRange(server.Endpoints.Select(endpoint => new[]
        {
            endpoint.Name, Purpose(endpoint), Protocol(endpoint), Port(endpoint), Encryption(endpoint.Tls), endpoint.EndPoint.ToString()!,
        }));
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            text.Append("  ").AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }

        text.AppendLine();
    }

    private void WriteCommands(StringBuilder text, FirstAccount account)
    {
        // In printf's format, % and \ mean something.
        var literal = account.Address.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal);
        var message = "printf " + Quote($"From: {literal}\\r\\nTo: {literal}\\r\\nSubject: First message\\r\\n\\r\\nIt works.\\r\\n");
        var envelope = $"--mail-from {Quote(account.Address)} --mail-rcpt {Quote(account.Address)} --upload-file -";
        // Without a password curl asks for it.
        var login = $"--user {Quote(account.Password is { } password ? $"{account.Address}:{password}" : account.Address)}";
        if (Find("smtp") is { } smtp)
        {
            text.AppendLine("  Send a message as another server would:");
            text.AppendLine(CultureInfo.InvariantCulture, $"    {message} | curl -sS --url smtp://{Host(smtp)} {envelope}").AppendLine();
        }

        if (Find("submissions", "submission") is { } submission)
        {
            text.AppendLine("  Send a message as a user:");
            text.AppendLine(CultureInfo.InvariantCulture, $"    {message} | curl {Options(submission)} --url {Scheme(submission, "smtp")}{Host(submission)} {login} {envelope}").AppendLine();
        }

        if (Find("imaps", "imap") is { } imap)
        {
            text.AppendLine("  Read the first message by IMAP:");
            text.AppendLine(CultureInfo.InvariantCulture, $"    curl {Options(imap)} {login} '{Scheme(imap, "imap")}{Host(imap)}/INBOX;MAILINDEX=1'").AppendLine();
        }

        if (Find("pop3s", "pop3") is { } pop3)
        {
            text.AppendLine("  Read the first message by POP3:");
            text.AppendLine(CultureInfo.InvariantCulture, $"    curl {Options(pop3)} {login} {Scheme(pop3, "pop3")}{Host(pop3)}/1").AppendLine();
        }
    }

    private MailEndpoint? Find(params string[] names) =>
        names.Select(name => server.Endpoints.FirstOrDefault(endpoint => endpoint.Name == name && endpoint.EndPoint is IPEndPoint)).FirstOrDefault(static found => found is not null);

    private static string Host(MailEndpoint endpoint)
    {
        var ip = (IPEndPoint)endpoint.EndPoint;
        var address = ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : ip.Address;
        return new IPEndPoint(address, ip.Port).ToString();
    }

    private static string Scheme(MailEndpoint endpoint, string protocol) => endpoint.Tls.Mode == TlsMode.Implicit ? $"{protocol}s://" : $"{protocol}://";

    // -k: the address in the URL is no name that a certificate could be for.
    private static string Options(MailEndpoint endpoint) => endpoint.Tls.Mode switch
    {
        TlsMode.Implicit => "-sSk",
        TlsMode.None => "-sS",
        _ => "-sSk --ssl-reqd",
    };

    private string Purpose(MailEndpoint endpoint) =>
        endpoint.Name.StartsWith("smtp", StringComparison.Ordinal) && settings.AllowSubmissionFrom.Count > 0
            ? $"{endpoint.Purpose}, submission from {string.Join(", ", settings.AllowSubmissionFrom)}"
            : endpoint.Purpose;

    private static string Port(MailEndpoint endpoint) => endpoint.Port > 0 ? endpoint.Port.ToString(CultureInfo.InvariantCulture) : "-";

    // Submission is SMTP with other rules.
    private static string Protocol(MailEndpoint endpoint) => endpoint.Protocol.Name == "submission" ? "SMTP" : endpoint.Protocol.Name.ToUpperInvariant();

    private static string Encryption(TlsPolicy tls) => tls.Mode switch
    {
        TlsMode.Implicit => "implicit TLS",
        TlsMode.Required => "STARTTLS required",
        TlsMode.Opportunistic => "STARTTLS offered",
        _ => "none",
    };

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
