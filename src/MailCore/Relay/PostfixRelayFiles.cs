using System.Diagnostics.CodeAnalysis;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>Reads the files in which docker-mailserver keeps its relay hosts, and the variables that it is started with.</summary>
public static class PostfixRelayFiles
{
    private const int SmtpPort = 25;

    /// <summary>
    /// <c>postfix-relaymap.cf</c>: "@sender-domain [host]:port" or "sender@domain [host]:port" in each line, and nothing behind the sender
    /// where its mail is not relayed. Returns what is wrong, or null.
    /// </summary>
    public static string? ReadRelayMap(string text, SmartHostOptions into)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(into);
        foreach (var (number, words) in Lines(text))
        {
            var host = default(SmartHost);
            if (words.Length > 1 && !TryHost(words[1], SmtpPort, out host))
            {
                return $"line {number}: '{words[1]}' is no relay host. Write [host]:port.";
            }

            into.BySender[Sender(words[0])] = host;
        }

        return null;
    }

    /// <summary>
    /// <c>postfix-sasl-password.cf</c>: "@sender-domain user:password", "sender@domain user:password" or "[host]:port user:password" in each
    /// line. Those of hosts count for hosts that were named before. Returns what is wrong, or null; never a password.
    /// </summary>
    public static string? ReadPasswords(string text, SmartHostOptions into)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(into);
        foreach (var (number, words) in Lines(text))
        {
            if (words.Length != 2 || words[1].Split(':', 2) is not [{ Length: > 0 } user, { Length: > 0 } password])
            {
                return $"line {number} is not of the form '@domain user:password'.";
            }

            var login = new SmartHostLogin { User = user, Password = password };
            if (words[0].Contains('@', StringComparison.Ordinal))
            {
                into.LoginsBySender[Sender(words[0])] = login;
            }
            else if (TryHost(words[0], SmtpPort, out var host))
            {
                into.SetLogin(host.Hop, login);
            }
            else
            {
                return $"line {number}: '{words[0]}' is neither a sender nor a relay host.";
            }
        }

        return null;
    }

    /// <summary>
    /// RELAY_HOST, RELAY_PORT (25), RELAY_USER and RELAY_PASSWORD: where mail of our domains' senders goes, unless a file says otherwise.
    /// DEFAULT_RELAY_HOST: where everybody else's goes. Returns what is wrong, or null.
    /// </summary>
    public static string? ReadVariables(Func<string, string?> find, IEnumerable<string> domains, SmartHostOptions into)
    {
        ArgumentNullException.ThrowIfNull(find);
        ArgumentNullException.ThrowIfNull(domains);
        ArgumentNullException.ThrowIfNull(into);
        if (find("DEFAULT_RELAY_HOST") is { Length: > 0 } general)
        {
            if (!TryHost(general, SmtpPort, out var host))
            {
                return $"DEFAULT_RELAY_HOST '{general}' is no relay host. Write [host]:port.";
            }

            into.Default = host;
        }

        if (find("RELAY_HOST") is not { Length: > 0 } named)
        {
            return null;
        }

        // docker-mailserver puts the brackets on, so that the name is never a domain with mail exchangers.
        var bracketed = named.StartsWith('[') ? named : $"[{named}]";
        if (!TryHost(find("RELAY_PORT") is { Length: > 0 } port ? $"{bracketed}:{port}" : bracketed, SmtpPort, out var own))
        {
            return $"RELAY_HOST '{named}' with RELAY_PORT '{find("RELAY_PORT")}' is no relay host.";
        }

        own = find("RELAY_USER") is { Length: > 0 } user && find("RELAY_PASSWORD") is { Length: > 0 } password
            ? own with { Login = new SmartHostLogin { User = user, Password = password } }
            : own;
        foreach (var domain in domains)
        {
            into.BySender.TryAdd(domain, own);
        }

        return null;
    }

    /// <summary>Postfix's form: <c>[host]:port</c>, or <c>domain:port</c> by MX.</summary>
    internal static bool TryHost(string? text, int port, [NotNullWhen(true)] out SmartHost? host)
    {
        host = NextHop.TryParse(text, out var hop) && hop is { IsLmtp: false }
            ? new SmartHost { Host = hop.Host, Port = text!.TrimEnd().EndsWith(']') || !text.Contains(':', StringComparison.Ordinal) ? port : hop.Port, UsesMx = hop.UsesMx }
            : null;
        return host is not null;
    }

    private static string Sender(string key) => key.TrimStart('@');

    private static IEnumerable<(int Number, string[] Words)> Lines(string text)
    {
        var number = 0;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            var words = line.Split((char[])[' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length > 0 && !words[0].StartsWith('#'))
            {
                yield return (number, words);
            }
        }
    }
}
