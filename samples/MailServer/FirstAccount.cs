using System.Security.Cryptography;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using MailServerSample.Operation;

namespace MailServerSample;

/// <summary>The account that a first message can be sent to.</summary>
/// <param name="Address">Also the login name.</param>
/// <param name="Password">Known only to the start that made the account.</param>
internal sealed record FirstAccount(string Address, string? Password)
{
    // None that look alike, and none that mean something to a shell.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    /// <summary>What it is called when it is made.</summary>
    public static string AddressIn(MailServerSettings settings) => $"user@{settings.Domains.FirstOrDefault() ?? "localhost"}";

    /// <summary>
    /// One that exists, or where there is none a new one with a random password; null for a service that has none: what it prints stands
    /// in a journal, which is no place for a password.
    /// </summary>
    public static async Task<FirstAccount?> FindOrMakeAsync(IMailDirectory directory, MailServerSettings settings)
    {
        await foreach (var account in directory.ListAsync(CancellationToken.None))
        {
            return new FirstAccount(account.Address.ToString(), null);
        }

        if (SystemdNotifier.IsService)
        {
            return null;
        }

        var address = EmailAddress.Parse(AddressIn(settings));
        var password = RandomNumberGenerator.GetString(Alphabet, 16);
        await directory.CreateAsync(address, password, CancellationToken.None);
        return new FirstAccount(address.ToString(), password);
    }
}
