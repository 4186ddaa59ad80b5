using System.Text;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>
/// How senders are rewritten when mail is forwarded to somebody else's server, so that SPF finds this server among those that may send
/// for them, and how notifications find the way back (the Sender Rewriting Scheme of Meng Weng Wong, in the form of libsrs2 and PostSRSd).
/// </summary>
public sealed class SrsOptions
{
    /// <summary>The domain of rewritten senders; one of ours, whose mail comes to this server.</summary>
    public required string Domain { get; init; }

    /// <summary>The first signs, all are believed: put a new one before the old and take the old away after <see cref="MaxAge"/>. At least one, of 16 octets or more.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>Domains whose senders stay as they are, besides <see cref="Domain"/>: all of ours.</summary>
    public IReadOnlyCollection<string> ExcludedDomains { get; init; } = [];

    /// <summary>How long a rewritten address can be written to; whole days, 1 to 500. 21 days by default, as with PostSRSd.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(21);

    /// <summary>Characters of the signature, 4 to 16; 8 by default. PostSRSd's are 4, and are believed only where this is 4.</summary>
    public int HashLength { get; init; } = 8;

    /// <summary>What stands behind "SRS0" and "SRS1": '=', '+' or '-'.</summary>
    public char Separator { get; init; } = '=';

    /// <summary>The same with more excluded domains.</summary>
    internal SrsOptions With(IEnumerable<string> ours) => new()
    {
        Domain = Domain,
        Secrets = Secrets,
        ExcludedDomains = [.. ExcludedDomains, .. ours],
        MaxAge = MaxAge,
        HashLength = HashLength,
        Separator = Separator,
    };

    /// <exception cref="ArgumentException">With what to change.</exception>
    internal void Validate()
    {
        if (!EmailAddress.IsDomain(Domain))
        {
            throw new ArgumentException($"'{Domain}' is no domain for SRS.");
        }

        if (Secrets.Count == 0 || Secrets.Any(static secret => Encoding.UTF8.GetByteCount(secret) < 16))
        {
            throw new ArgumentException("SRS needs a secret of 16 octets or more.");
        }

        if (MaxAge < TimeSpan.FromDays(1) || MaxAge > TimeSpan.FromDays(500) || HashLength is < 4 or > 16 || Separator is not ('=' or '+' or '-'))
        {
            throw new ArgumentException("SRS takes an age of 1 to 500 days, a signature of 4 to 16 characters, and '=', '+' or '-' as separator.");
        }
    }
}
