using System.Text;
using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Extensions;

/// <summary>What a command of a host's own works with. Valid until it has replied.</summary>
public sealed class ImapExtensionContext
{
    private readonly ImapSession _session;

    internal ImapExtensionContext(ImapSession session, byte[] arguments) => (_session, Arguments) = (session, arguments);

    /// <summary>
    /// Everything behind the command's name and its space, without the line's end, within the limits of <see cref="ImapOptions"/>; the
    /// octets of a literal stand behind its "{n}" and a CRLF.
    /// </summary>
    public ReadOnlyMemory<byte> Arguments { get; }

    /// <summary>Who is logged in; null before.</summary>
    public MailIdentity? Identity => _session.Identity;

    /// <summary>The mail of who is logged in; null before.</summary>
    public MailAccount? Account => _session.IsLoggedIn ? _session.Account : null;

    /// <summary>The selected mailbox, or null. It may be another user's: then <see cref="SelectedRights"/> bind this command too.</summary>
    public Mailbox? Selected => _session.Selection?.Mailbox;

    /// <summary>What the user may do in the selected mailbox; nothing without one.</summary>
    public MailboxRights SelectedRights => _session.Selection?.Rights ?? MailboxRights.None;

    /// <summary>Whether TLS is on.</summary>
    public bool IsSecured => _session.IsSecured;

    /// <summary>Sends an untagged response, "* " and its CRLF apart. Flushed with the reply, or before when there is much of it.</summary>
    /// <exception cref="ArgumentException">It holds a line's end or NUL.</exception>
    public async ValueTask WriteUntaggedAsync(string response, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(response);
        if (response.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw new ArgumentException("A response is one line.", nameof(response));
        }

        _session.Writer.Raw("* "u8).Raw(Encoding.UTF8.GetBytes(response)).Line();
        if (_session.Writer.WantsFlush)
        {
            await _session.Writer.FlushAsync(cancellationToken);
        }
    }
}
