using MailCore.Messaging;

namespace MailCore.Authentication;

/// <summary>
/// The accounts file of docker-mailserver, <c>postfix-accounts.cf</c>: a line per account, <c>user@example.org|{SHA512-CRYPT}$6$...</c>,
/// with whatever follows a further bar left out; empty lines and those that begin with # are passed over.
/// </summary>
public static class PostfixAccountsFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line is no account, or its password is kept in another form. The message names file and line, and nothing of the password.</exception>
    public static async Task<IReadOnlyList<PostfixAccount>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Parse(await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false), file);
    }

    internal static List<PostfixAccount> Parse(IEnumerable<string> lines, string file)
    {
        var accounts = new List<PostfixAccount>();
        foreach (var (index, line) in lines.Index())
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            var fields = text.Split('|');
            if (!EmailAddress.TryParse(fields[0].Trim(), out var address))
            {
                throw new FormatException($"{file}, line {index + 1}: expected an e-mail address, then '|'.");
            }

            if (fields.Length < 2 || !PasswordHash.IsReadable(fields[1].Trim()))
            {
                throw new FormatException($"{file}, line {index + 1}: the password of {address} is not of the form {{SHA512-CRYPT}}$6$...");
            }

            accounts.Add(new PostfixAccount(address, fields[1].Trim()));
        }

        return accounts;
    }
}

/// <summary>One account of the file. Not a record, whose text would hold the hash.</summary>
public sealed class PostfixAccount
{
    internal PostfixAccount(EmailAddress address, string hash) => (Address, Hash) = (address, hash);

    /// <summary>Also the login name.</summary>
    public EmailAddress Address { get; }

    /// <summary>For <see cref="PasswordHash.Verify(string, string)"/>.</summary>
    public string Hash { get; }
}
