using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>docker-mailserver's <c>dovecot-quotas.cf</c>: a line per account, <c>user@example.org:5G</c>; 0 is no limit.</summary>
public static class DovecotQuotasFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line is no quota. The message names file and line.</exception>
    public static async Task<IReadOnlyList<AccountQuota>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Parse(await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false), file);
    }

    internal static List<AccountQuota> Parse(IEnumerable<string> lines, string file)
    {
        var quotas = new List<AccountQuota>();
        foreach (var (index, line) in lines.Index())
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            var colon = text.LastIndexOf(':');
            if (colon < 0 || !EmailAddress.TryParse(text[..colon].Trim(), out var address))
            {
                throw PostfixLines.Bad(file, index + 1, "expected an e-mail address, a colon and a size.");
            }

            if (!QuotaSize.TryParse(text.AsSpan(colon + 1), out var octets))
            {
                throw PostfixLines.Bad(file, index + 1, $"'{text[(colon + 1)..].Trim()}' is not a size; write it as 500M or 5G.");
            }

            quotas.Add(new AccountQuota(address, octets));
        }

        return quotas;
    }
}

/// <summary>One line of the file.</summary>
/// <param name="Address">The account's.</param>
/// <param name="Octets">Null for no limit.</param>
public sealed record AccountQuota(EmailAddress Address, long? Octets);
