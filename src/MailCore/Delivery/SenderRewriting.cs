using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>
/// SRS0=hash=TT=domain=local@ours stands for local@domain; SRS1=hash=host==rest@ours for the SRS0=rest@host of somebody else who forwarded
/// first, so that the way back is two steps however many the way there had. Thread-safe.
/// </summary>
public sealed class SenderRewriting
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int Period = 32 * 32;

    private readonly SrsOptions _options;
    private readonly TimeProvider _time;
    private readonly byte[][] _secrets;

    /// <exception cref="ArgumentException">The options can't be; the message says what to change.</exception>
    public SenderRewriting(SrsOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _time) = (options, time ?? TimeProvider.System);
        _secrets = [.. options.Secrets.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>
    /// The sender of a forwarded message. The null path, senders of ours, and an address that would be longer than a local part may be
    /// stay as they are.
    /// </summary>
    public ReversePath Forward(ReversePath sender)
    {
        if (sender.Address is not { } address || IsOurs(address.Domain))
        {
            return sender;
        }

        var local = IsTagged(address.LocalPart, '0') ? Guard(address.Domain, address.LocalPart[4..])
            : IsTagged(address.LocalPart, '1') && address.LocalPart[5..].Split('=', 3) is [_, var host, var rest] ? Guard(host, rest)
            : Sign(address);
        return TryMake(local, _options.Domain, out var rewritten) ? new ReversePath(rewritten) : sender;
    }

    /// <summary>Whether mail for this address is mail for a sender that was rewritten, by whomever.</summary>
    public bool IsRewritten(EmailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return string.Equals(address.Domain, _options.Domain, StringComparison.OrdinalIgnoreCase) && (IsTagged(address.LocalPart, '0') || IsTagged(address.LocalPart, '1'));
    }

    /// <summary>Whom a rewritten address stands for; false where it is none of ours, was tampered with, or is too old.</summary>
    public bool TryReverse(EmailAddress address, [NotNullWhen(true)] out EmailAddress? original)
    {
        original = null;
        if (!IsRewritten(address))
        {
            return false;
        }

        var text = address.LocalPart[5..];
        if (address.LocalPart[3] == '1')
        {
            return text.Split('=', 3) is [var guard, var host, var rest] && IsSigned(guard, host, rest) && TryMake("SRS0" + rest, host, out original);
        }

        return text.Split('=', 4) is [var hash, var stamp, var domain, var local] && IsSigned(hash, stamp, domain, local) && IsFresh(stamp)
            && TryMake(local, domain, out original);
    }

    private string Sign(EmailAddress address)
    {
        var day = Today;
        var stamp = $"{Base32[day / 32]}{Base32[day % 32]}";
        return $"SRS0{_options.Separator}{Hash(_secrets[0], stamp, address.Domain, address.LocalPart)}={stamp}={address.Domain}={address.LocalPart}";
    }

    private string Guard(string host, string rest) => $"SRS1{_options.Separator}{Hash(_secrets[0], host, rest)}={host}={rest}";

    private int Today => (int)(_time.GetUtcNow().ToUnixTimeSeconds() / 86_400 % Period);

    private bool IsFresh(string stamp)
    {
        if (stamp.Length != 2 || Base32.IndexOf(char.ToUpperInvariant(stamp[0]), StringComparison.Ordinal) is not (>= 0 and var high)
            || Base32.IndexOf(char.ToUpperInvariant(stamp[1]), StringComparison.Ordinal) is not (>= 0 and var low))
        {
            return false;
        }

        // Clocks of two servers with one secret may differ: a day ahead is today.
        var age = (Today - ((high * 32) + low) + 1 + Period) % Period;
        return age <= (int)_options.MaxAge.TotalDays + 1;
    }

    private bool IsSigned(string hash, params ReadOnlySpan<string> parts)
    {
        var isSigned = false;
        foreach (var secret in _secrets)
        {
            // Servers on the way may change the case of letters.
            isSigned |= CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(hash.ToUpperInvariant()), Encoding.UTF8.GetBytes(Hash(secret, parts).ToUpperInvariant()));
        }

        return isSigned;
    }

    private string Hash(byte[] secret, params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part.ToLowerInvariant());
        }

        // SHA-1 is the scheme's.
        return Convert.ToBase64String(CryptographicOperations.HmacData(HashAlgorithmName.SHA1, secret, Encoding.UTF8.GetBytes(text.ToString())))[.._options.HashLength];
    }

    private bool IsOurs(string domain) =>
        string.Equals(domain, _options.Domain, StringComparison.OrdinalIgnoreCase) || _options.ExcludedDomains.Contains(domain, StringComparer.OrdinalIgnoreCase);

    /// <summary>The local part is as it stands, unquoted.</summary>
    private static bool TryMake(string local, string domain, [NotNullWhen(true)] out EmailAddress? address)
    {
        address = local.Length > 0 && Encoding.UTF8.GetByteCount(local) <= EmailAddress.MaxLocalPart && EmailAddress.TryParse("x@" + domain, out var any) ? any.WithLocalPart(local) : null;
        return address is not null;
    }

    private static bool IsTagged(string local, char number) =>
        local.Length > 5 && local.StartsWith("SRS", StringComparison.OrdinalIgnoreCase) && local[3] == number && local[4] is '=' or '+' or '-';
}
