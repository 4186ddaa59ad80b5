using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;

namespace MailCore.AspNetCore;

/// <summary>
/// Passwords for mail programs, which can't ask for a second factor: a user of Identity may have several, and take back each. Scoped; the
/// container has it after <see cref="MailServerBuilderIdentity.UseIdentity"/>. Needs a store with tokens, as Entity Framework's is.
/// </summary>
/// <remarks>Kept as a token of the user (provider "MailCore.AppPassword"), hashed: 120 random bits need no slow hash.</remarks>
public sealed class MailAppPasswords<TUser>
    where TUser : class
{
    private const string Provider = "MailCore.AppPassword";
    private const int NameLength = 8;
    private const int Length = NameLength + 24;

    // Nothing that looks like something else.
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    private static readonly SearchValues<char> Characters = SearchValues.Create(Alphabet);

    private readonly UserManager<TUser> _users;

    /// <summary>Keeps them in the store of <paramref name="users"/>.</summary>
    public MailAppPasswords(UserManager<TUser> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        _users = users;
    }

    /// <summary>
    /// Makes a password, to be shown once: nobody can tell it later. Its first eight characters are no secret and name it. Throws
    /// <see cref="NotSupportedException"/> when the store keeps no tokens, <see cref="InvalidOperationException"/> when it refuses.
    /// </summary>
    public async Task<string> CreateAsync(TUser user)
    {
        var password = RandomNumberGenerator.GetString(Alphabet, Length);
        var result = await _users.SetAuthenticationTokenAsync(user, Provider, password[..NameLength], Hash(password)).ConfigureAwait(false);
        return result.Succeeded ? $"{password[..8]}-{password[8..16]}-{password[16..24]}-{password[24..]}" : throw Refused(result);
    }

    /// <summary>Takes one back by its name, the first eight characters; false when there was none.</summary>
    public async Task<bool> RevokeAsync(TUser user, string name)
    {
        if (await _users.GetAuthenticationTokenAsync(user, Provider, name).ConfigureAwait(false) is null)
        {
            return false;
        }

        var result = await _users.RemoveAuthenticationTokenAsync(user, Provider, name).ConfigureAwait(false);
        return result.Succeeded ? true : throw Refused(result);
    }

    /// <summary>Whether this is one of the user's.</summary>
    internal static async Task<bool> VerifyAsync(UserManager<TUser> users, TUser user, string text) =>
        users.SupportsUserAuthenticationTokens && TryRead(text, out var password)
        && await users.GetAuthenticationTokenAsync(user, Provider, password[..NameLength]).ConfigureAwait(false) is { } kept
        && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(kept), Encoding.ASCII.GetBytes(Hash(password)));

    // As it was shown, or without the hyphens, or with blanks.
    private static bool TryRead(string text, [NotNullWhen(true)] out string? password)
    {
        password = text.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
        if (password.Length != Length || password.AsSpan().ContainsAnyExcept(Characters))
        {
            password = null;
        }

        return password is not null;
    }

    private static string Hash(string password) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(password)));

    private static InvalidOperationException Refused(IdentityResult result) =>
        new($"Identity refused: {string.Join(' ', result.Errors.Select(static error => error.Description))}");
}
