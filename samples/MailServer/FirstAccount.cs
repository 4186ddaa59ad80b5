using System.Security.Cryptography;
using MailCore.Messaging;

namespace MailServerSample;

/// <summary>The account made when none is configured. Of its password, the data folder holds a hash.</summary>
internal sealed class FirstAccount
{
    private const string Name = "first-account";
    // None that look alike, and none that mean something to a shell.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private readonly DataFolder _folder;

    private FirstAccount(DataFolder folder, string address, string passwordHash, string? password) =>
        (_folder, Address, PasswordHash, Password) = (folder, address, passwordHash, password);

    public string Address { get; }

    public string PasswordHash { get; }

    /// <summary>Known only to the start that made it.</summary>
    public string? Password { get; }

    public string File => _folder.File(Name);

    public static FirstAccount ReadOrMake(DataFolder folder, string domain)
    {
        var file = folder.File(Name);
        if (System.IO.File.Exists(file)
            && System.IO.File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries) is [var address, var hash]
            && EmailAddress.TryParse(address, out _)
            && MailCore.Authentication.PasswordHash.IsHash(hash))
        {
            return new FirstAccount(folder, address, hash, null);
        }

        var password = RandomNumberGenerator.GetString(Alphabet, 16);
        return new FirstAccount(folder, $"user@{domain}", MailCore.Authentication.PasswordHash.Create(password), password);
    }

    public void Save()
    {
        if (Password is not null)
        {
            _folder.WriteSecret(Name, $"{Address} {PasswordHash}\n");
        }
    }
}
