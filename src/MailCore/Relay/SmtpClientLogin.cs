using System.Buffers.Text;
using System.Text;
using MailCore.Authentication;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>AUTH as a client (RFC 4954). Secrets leave only over TLS, unless the login says otherwise by name.</summary>
internal sealed class SmtpClientLogin(SmtpClientConnection connection, SmtpClientOptions options, SmartHostLogin login)
{
    private static readonly SmtpReply NoTls = new(454, "4.7.0", "The connection has no TLS, and the login must not be sent in the clear");
    private static readonly SmtpReply NoMechanism = new(454, "4.7.0", "The server offers no AUTH mechanism that there is a secret for");

    private static readonly SmtpReply NoToken = new(454, "4.7.0", "There is no access token for the login now");

    /// <summary>235, or why there is no login.</summary>
    /// <exception cref="IOException">The connection broke, or the server could not prove that it knows the password.</exception>
    public async ValueTask<SmtpReply> RunAsync(CancellationToken cancellationToken)
    {
        if (!connection.IsSecured && !login.AllowCleartext)
        {
            return NoTls;
        }

        var offered = (connection.Features["AUTH"] ?? "").ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (login.AccessToken is { } makeToken)
        {
            return !offered.Contains("XOAUTH2") ? NoMechanism
                : await MakeTokenAsync(makeToken, cancellationToken).ConfigureAwait(false) is { } token ? await XOAuth2Async(token, cancellationToken).ConfigureAwait(false)
                : NoToken;
        }

        return login.Password is not { } password ? NoMechanism
            : offered.Contains("SCRAM-SHA-256") ? await ScramAsync(ScramHash.Sha256, password, cancellationToken).ConfigureAwait(false)
            : offered.Contains("SCRAM-SHA-1") ? await ScramAsync(ScramHash.Sha1, password, cancellationToken).ConfigureAwait(false)
            : offered.Contains("PLAIN") ? await PlainAsync(password, cancellationToken).ConfigureAwait(false)
            : offered.Contains("LOGIN") ? await LoginAsync(password, cancellationToken).ConfigureAwait(false)
            : NoMechanism;
    }

    private ValueTask<SmtpReply> PlainAsync(string password, CancellationToken cancellationToken) =>
        SendAsync("AUTH PLAIN " + Encode($"\0{login.User}\0{password}"), cancellationToken);

    private async ValueTask<SmtpReply> LoginAsync(string password, CancellationToken cancellationToken)
    {
        var reply = await SendAsync("AUTH LOGIN", cancellationToken).ConfigureAwait(false);
        reply = reply.Code == 334 ? await SendAsync(Encode(login.User), cancellationToken).ConfigureAwait(false) : reply;
        return reply.Code == 334 ? await SendAsync(Encode(password), cancellationToken).ConfigureAwait(false) : reply;
    }

    private async ValueTask<SmtpReply> XOAuth2Async(string token, CancellationToken cancellationToken)
    {
        var reply = await SendAsync("AUTH XOAUTH2 " + Encode($"user={login.User}\u0001auth=Bearer {token}\u0001\u0001"), cancellationToken).ConfigureAwait(false);
        // A refusal comes as a challenge, and is only then told.
        return reply.Code == 334 ? await SendAsync("", cancellationToken).ConfigureAwait(false) : reply;
    }

    private async ValueTask<SmtpReply> ScramAsync(ScramHash hash, string password, CancellationToken cancellationToken)
    {
        var exchange = new ScramClient(hash, login.User, password);
        var name = hash == ScramHash.Sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256";
        var reply = await SendAsync($"AUTH {name} {Encode(exchange.First)}", cancellationToken).ConfigureAwait(false);
        if (reply.Code != 334)
        {
            return reply;
        }

        var final = exchange.Answer(Decode(reply)) ?? throw connection.Channel.Break("The server's challenge of SCRAM is none.");
        reply = await SendAsync(Encode(final), cancellationToken).ConfigureAwait(false);
        if (reply.Code == 334)
        {
            // RFC 5802 5.1: without this proof the server may be anybody who has seen a login.
            if (!exchange.IsProof(Decode(reply)))
            {
                throw connection.Channel.Break("The server could not prove that it knows the password.");
            }

            return await SendAsync("", cancellationToken).ConfigureAwait(false);
        }

        // RFC 4954 4 leaves no place for it in 235, though some servers put it there.
        return reply.Code == 235 && !exchange.IsProof(Decode(reply)) ? throw connection.Channel.Break("The server did not prove that it knows the password.") : reply;
    }

    private async ValueTask<SmtpReply> SendAsync(string line, CancellationToken cancellationToken)
    {
        var reply = await connection.Channel.SendAsync(line, options.ReplyTimeout, cancellationToken).ConfigureAwait(false);
        return reply.IsPositive && reply.Code is not (235 or 334) ? throw connection.Channel.Break($"{reply.Code} is no answer to AUTH.") : reply;
    }

    /// <summary>Null where the host's code can't make one now.</summary>
    private static async ValueTask<string?> MakeTokenAsync(Func<CancellationToken, ValueTask<string>> make, CancellationToken cancellationToken)
    {
        try
        {
            return await make(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(SmtpReply reply) => Base64.IsValid(reply.Text) ? Encoding.UTF8.GetString(Convert.FromBase64String(reply.Text)) : "";
}
