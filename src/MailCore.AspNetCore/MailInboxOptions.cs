using MailCore.AspNetCore.Inbound;
using MailCore.Messaging;

namespace MailCore.AspNetCore;

/// <summary>What <see cref="MailInboxEndpointExtensions.MapMailInbox"/> shows and allows, and to whom.</summary>
public sealed class MailInboxOptions
{
    /// <summary>Which accounts are shown, by the address they log in with; all by default. Thread-safe.</summary>
    public Func<EmailAddress, bool> ShowsAccount { get; set; } = static _ => true;

    /// <summary>Accounts shown, at the most: each page asks each of them. Those that the directory names later are left out. 1,000 by default.</summary>
    public int MaxAccounts { get; set; } = 1_000;

    /// <summary>Whether messages can be deleted; on by default.</summary>
    public bool AllowsDelete { get; set; } = true;

    /// <summary>
    /// Lets everybody in who reaches the address. By default only clients on this machine are served, which asked for it by a name of this
    /// machine or one of <see cref="Hosts"/>; and those that the host has authorized, where it says RequireAuthorization on the endpoints.
    /// </summary>
    public bool AllowsAnyClient { get; set; }

    /// <summary>Names in the Host header that clients on this machine may ask for besides localhost and loopback addresses; without ports.</summary>
    public IList<string> Hosts { get; } = [];

    /// <summary>Streams of events and waiting requests, together, at the most; further ones are answered with 503. 32 by default.</summary>
    public int MaxListeners { get; set; } = 32;

    /// <summary>Octets of a text or an HTML text that are shown, transfer encoding removed. 1 MB by default.</summary>
    public int MaxTextLength { get; set; } = 1024 * 1024;

    /// <summary>Octets of images that are put into one HTML text; further ones are left out. 8 MB by default.</summary>
    public int MaxInlineImages { get; set; } = 8 * 1024 * 1024;

    /// <summary>Messages that one request of a search looks into, at the most; the answer says where to go on. 2,000 by default.</summary>
    public int MaxSearched { get; set; } = 2_000;

    internal EmailAddress? ReleaseSender { get; private set; }

    internal IReadOnlyList<AddressPattern> ReleaseTo { get; private set; } = [];

    internal string? ReleaseHint { get; private set; }

    /// <summary>
    /// Lets messages be sent on to real addresses, by the server's own <see cref="Delivery.IMailSubmission"/>. Nobody may by default.
    /// </summary>
    /// <param name="sender">The envelope's sender, and Resent-From: who gets the failure reports.</param>
    /// <param name="recipients">Addresses that may be sent to; "*" in a local part stands for any characters: <c>*@example.org</c>.</param>
    /// <exception cref="FormatException">One of them is no address, or no pattern.</exception>
    public void AllowRelease(string sender, params IReadOnlyList<string> recipients)
    {
        ArgumentNullException.ThrowIfNull(recipients);
        ReleaseSender = EmailAddress.Parse(sender);
        ReleaseTo = [.. recipients.Select(static text => AddressPattern.TryParse(text, out var pattern)
            ? pattern
            : throw new FormatException($"'{text}' is no pattern of addresses. Write it as *@example.org."))];
        ReleaseHint = string.Join(", ", recipients);
    }
}
