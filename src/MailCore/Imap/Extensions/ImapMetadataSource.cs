using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Extensions;

/// <summary>
/// Annotations (RFC 5464) that a host computes and clients can only read, in place of stored ones of the same names. Registered as a
/// service: <c>mail.Services.AddSingleton&lt;ImapMetadataSource, MyEntries&gt;()</c>. One object serves all sessions, so it must be
/// thread-safe.
/// </summary>
public abstract class ImapMetadataSource
{
    /// <summary>The one entry served, or that above all that are: "/shared/vendor/example". Everything at and below it is the host's.</summary>
    public abstract string Entry { get; }

    /// <summary>
    /// The entries of a mailbox or, where there is none, of the server; those that are not at or below <see cref="Entry"/> are passed over. An
    /// answer should come from memory: LIST asks for each mailbox.
    /// </summary>
    public abstract ValueTask<IReadOnlyList<MetadataEntry>> ReadAsync(ImapMetadataContext context, CancellationToken cancellationToken);
}

/// <summary>Who asks for annotations, and of what.</summary>
/// <param name="User">Who is logged in.</param>
/// <param name="Account">Whose mailbox it is; without a mailbox, that of the user.</param>
/// <param name="Mailbox">Null for the server.</param>
public sealed record ImapMetadataContext(MailIdentity User, AccountId Account, MailboxInfo? Mailbox);
