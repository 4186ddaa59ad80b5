using System.Collections.Concurrent;
using System.Net;
using System.Net.Mail;
using System.Security.Cryptography;

namespace EmailFlowTests.SignUp;

/// <summary>The system under test: who signs up gets a link by mail, and is welcomed when the link is followed.</summary>
public sealed class SignUpService(string host, int port, NetworkCredential? credential = null)
{
    private readonly ConcurrentDictionary<string, string> _pending = new();
    private readonly ConcurrentDictionary<string, bool> _members = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sends the link. False when the mail server refuses for good; what it refuses for now is tried again.</summary>
    public async Task<bool> RegisterAsync(string address)
    {
        var token = RandomNumberGenerator.GetHexString(16, lowercase: true);
        _pending[token] = address;
        return await SendAsync(address, "Confirm your address", $"Please follow https://shop.example/confirm?token={token} to sign up.");
    }

    /// <summary>Follows the link. False when it is not known, or was used before.</summary>
    public async Task<bool> ConfirmAsync(Uri link)
    {
        if (!_pending.TryRemove(link.Query.Replace("?token=", "", StringComparison.Ordinal), out var address))
        {
            return false;
        }

        _members[address] = true;
        return await SendAsync(address, "Welcome", "Good to have you here.");
    }

    /// <summary>Whether somebody has confirmed.</summary>
    public bool IsMember(string address) => _members.ContainsKey(address);

    private async Task<bool> SendAsync(string to, string subject, string text)
    {
        using var client = new SmtpClient(host, port) { Credentials = credential };
        using var message = new MailMessage("shop@shop.example", to, subject, text);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await client.SendMailAsync(message);
                return true;
            }
            catch (SmtpException error)
            {
                if ((int)error.StatusCode >= 500 || attempt == 3)
                {
                    return false;
                }
            }
        }
    }
}
