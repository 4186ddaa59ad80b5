using System.Text;
using MailCore.Tests.Smtp;

namespace MailCore.Tests.Tls;

/// <summary>How a client of the reference table comes.</summary>
public enum ClientKind
{
    /// <summary>It never asks for TLS.</summary>
    Clear,

    /// <summary>It says STARTTLS or STLS first.</summary>
    StartTls,

    /// <summary>Its first octet is TLS.</summary>
    Implicit,
}

/// <summary>What a client of any protocol is told and allowed, in words.</summary>
internal sealed class TlsProbe
{
    private const string User = "bob@example.org";
    private const string Password = "secret";

    public static TlsProbe Smtp { get; } = new()
    {
        Ask = "EHLO client.example",
        IsLast = static line => line.StartsWith("250 ", StringComparison.Ordinal),
        StartTls = ["STARTTLS", "220"],
        Login = ["AUTH PLAIN " + SmtpTestClient.Plain(User, Password), "235"],
        LoginWords = ["AUTH ", " PLAIN"],
        IsMail = true,
    };

    public static TlsProbe Imap { get; } = new()
    {
        Ask = "a CAPABILITY",
        IsLast = static line => line.StartsWith("a ", StringComparison.Ordinal),
        StartTls = ["b STARTTLS", "b OK"],
        Login = [$"c LOGIN {User} {Password}", "c OK"],
        LoginWords = ["AUTH=PLAIN"],
    };

    public static TlsProbe Pop3 { get; } = new()
    {
        Ask = "CAPA",
        IsLast = static line => line == ".",
        StartTls = ["STLS", "+OK"],
        Login = ["AUTH PLAIN " + SmtpTestClient.Plain(User, Password), "+OK"],
        LoginWords = ["\nUSER\n", "SASL ", " PLAIN"],
    };

    public required string Ask { get; init; }

    public required Func<string, bool> IsLast { get; init; }

    /// <summary>The command, and how an answer begins that grants it.</summary>
    public required string[] StartTls { get; init; }

    /// <inheritdoc cref="StartTls"/>
    public required string[] Login { get; init; }

    public required string[] LoginWords { get; init; }

    public bool IsMail { get; init; }

    public static TlsProbe For(MailEndpoint endpoint) => endpoint.Protocol.Name switch
    {
        "imap" => Imap,
        "pop3" => Pop3,
        _ => Smtp,
    };

    public async Task<string> ObserveAsync(MailEndpoint endpoint, ClientKind kind)
    {
        using var client = await MailClient.ConnectAsync(endpoint);
        if (kind == ClientKind.Implicit && !await client.TryStartTlsAsync())
        {
            return "no handshake";
        }

        if (kind != ClientKind.Implicit && endpoint.Tls.Mode == MailCore.Tls.TlsMode.Implicit)
        {
            // It would wait for the greeting; here it speaks first, so that the server need not wait for its time-out.
            return await client.SayAsync(Ask) ?? "not an octet";
        }

        await client.ReadLineAsync();
        if (kind == ClientKind.StartTls)
        {
            if (!await IsGrantedAsync(client, StartTls))
            {
                return "STARTTLS refused";
            }

            await client.StartTlsAsync();
        }

        return await DescribeAsync(client);
    }

    private async Task<string> DescribeAsync(MailClient client)
    {
        var text = new StringBuilder();
        await client.WriteAsync(Ask + "\r\n");
        var answer = await client.ReadToAsync(IsLast);
        var capabilities = answer.Split('\n', ' ', '-');
        text.Append(capabilities.Contains(StartTls[0].Split(' ')[^1]) ? "STARTTLS offered" : "no STARTTLS");
        text.Append(LoginWords.All(word => answer.Contains(word, StringComparison.Ordinal)) && !answer.Contains("LOGINDISABLED", StringComparison.Ordinal) ? ", login offered"
            : LoginWords.Any(word => answer.Contains(word, StringComparison.Ordinal)) ? ", login half offered"
            : ", no login");
        if (IsMail)
        {
            text.Append(", MAIL ").Append((await client.SayAsync($"MAIL FROM:<{User}>"))![..3]);
            await client.SayAsync("RSET");
        }

        if (client.Tls is not null)
        {
            text.Append(await IsGrantedAsync(client, StartTls) ? ", STARTTLS twice" : ", STARTTLS refused");
        }

        text.Append(await IsGrantedAsync(client, Login) ? ", login taken" : ", login refused");
        return text.ToString();
    }

    private static async Task<bool> IsGrantedAsync(MailClient client, string[] command)
    {
        await client.WriteAsync(command[0] + "\r\n");
        // IMAP may say more before the tagged answer.
        var answer = await client.ReadToAsync(static line => !line.StartsWith('*'));
        return answer.Split('\n')[^1].StartsWith(command[1], StringComparison.Ordinal);
    }
}
