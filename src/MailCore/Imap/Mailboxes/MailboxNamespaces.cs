using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>A name of the client's, as a mailbox of an account.</summary>
/// <param name="Account">Whose it is; null for a name in a namespace that can't be a mailbox.</param>
/// <param name="Name">Its name there.</param>
internal readonly record struct MailboxPlace(AccountId? Account, MailboxName Name)
{
    public static MailboxPlace Nowhere => default;
}

/// <summary>
/// The namespaces (RFC 2342) that a user sees: the own account under bare names, accounts of others below a prefix and their id, and the
/// account that all share below another prefix.
/// </summary>
internal sealed class MailboxNamespaces
{
    private readonly AccountId _own;
    private readonly AccountId? _sharedAccount;

    /// <param name="options">Prefixes.</param>
    /// <param name="own">The user's own account.</param>
    /// <param name="shares">Whether there is anything but the own account.</param>
    public MailboxNamespaces(ImapOptions options, AccountId own, bool shares)
    {
        _own = own;
        Others = shares ? options.OtherUsersNamespace + MailboxName.Separator : null;
        _sharedAccount = shares && options.SharedAccount is { } account && account != own ? account : null;
        Shared = _sharedAccount is null ? null : options.SharedNamespace + MailboxName.Separator;
    }

    /// <summary>With the separator at its end; null for none.</summary>
    public string? Others { get; }

    /// <inheritdoc cref="Others"/>
    public string? Shared { get; }

    /// <summary>Whose mailbox a name means. The shared account and the own one can't be reached as another user's: each mailbox has one name.</summary>
    public MailboxPlace Locate(MailboxName name)
    {
        if (IsAtOrBelow(name.Value, Shared, out var rest))
        {
            return At(_sharedAccount!.Value, rest);
        }

        if (!IsAtOrBelow(name.Value, Others, out rest))
        {
            return new MailboxPlace(_own, name);
        }

        var cut = rest.IndexOf(MailboxName.Separator, StringComparison.Ordinal);
        if (cut <= 0)
        {
            return MailboxPlace.Nowhere;
        }

        var account = new AccountId(rest[..cut]);
        return account == _own || account == _sharedAccount ? MailboxPlace.Nowhere : At(account, rest[(cut + 1)..]);
    }

    /// <summary>The client's name for a mailbox; null for one that has none.</summary>
    public string? NameOf(AccountId account, string mailbox)
    {
        if (account == _own)
        {
            return IsAtOrBelow(mailbox, Shared, out _) || IsAtOrBelow(mailbox, Others, out _) ? null : mailbox;
        }

        // What can't be one level of a name can't be reached.
        var text = account == _sharedAccount ? Shared + mailbox
            : Others is null || account.Value.Contains(MailboxName.Separator) ? null
            : $"{Others}{account}/{mailbox}";
        return MailboxName.TryParse(text, out var name) ? name.Value : null;
    }

    /// <summary>Looks for namespaces that can't be told from one another.</summary>
    /// <exception cref="ArgumentException">There are some.</exception>
    public static void Check(ImapOptions options)
    {
        if (!MailboxName.TryParse(options.OtherUsersNamespace, out var others) || !MailboxName.TryParse(options.SharedNamespace, out var shared)
            || others == shared || others.IsBelow(shared) || shared.IsBelow(others)
            || others.Value.StartsWith("INBOX", StringComparison.Ordinal) || shared.Value.StartsWith("INBOX", StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{options.OtherUsersNamespace}' and '{options.SharedNamespace}' can't be the names of namespaces.", nameof(options));
        }
    }

    /// <summary>Whether a name could be in one of the namespaces of others that a client's fixed beginning of names leads to.</summary>
    public bool MayLeadToOthers(string beginning) => MayMeet(beginning, Others) || MayMeet(beginning, Shared);

    private static bool MayMeet(string beginning, string? prefix) =>
        prefix is not null && (prefix.StartsWith(beginning, StringComparison.Ordinal) || beginning.StartsWith(prefix, StringComparison.Ordinal));

    private static MailboxPlace At(AccountId account, string name) =>
        MailboxName.TryParse(name, out var parsed) ? new MailboxPlace(account, parsed) : MailboxPlace.Nowhere;

    private static bool IsAtOrBelow(string name, string? prefix, out string rest)
    {
        rest = "";
        if (prefix is null || !name.AsSpan().StartsWith(prefix.AsSpan()[..^1]))
        {
            return false;
        }

        if (name.Length >= prefix.Length && name[prefix.Length - 1] == MailboxName.Separator)
        {
            rest = name[prefix.Length..];
            return true;
        }

        return name.Length == prefix.Length - 1;
    }
}
