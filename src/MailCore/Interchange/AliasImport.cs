using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>Takes aliases over into a directory.</summary>
public static class AliasImport
{
    /// <summary>
    /// Makes each alias, in the place of one of the same name. The alias of an account's own address becomes the account's forward, with a
    /// copy where it names the account itself: so import accounts first.
    /// </summary>
    public static async Task RunAsync<TDirectory>(TDirectory directory, IReadOnlyList<MailAlias> aliases, CancellationToken cancellationToken)
        where TDirectory : IMailDirectory, IMailDirectoryEditor
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(aliases);
        foreach (var alias in aliases)
        {
            if (alias.Address is { } address && await directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Account account)
            {
                await directory.SetForwardAsync(account.Id, alias.ToForward(), cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await directory.SetAliasAsync(alias, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
