using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;
using MailCore.Messaging;

namespace MailCore.AspNetCore.Inbound;

/// <summary>Addresses of one domain, compared without case; "*" in the local part stands for any characters, or none.</summary>
internal sealed class AddressPattern
{
    private readonly string _localPart;
    private readonly string _domain;

    private AddressPattern(string localPart, string domain) => (_localPart, _domain) = (localPart, domain);

    public static bool TryParse(string text, [NotNullWhen(true)] out AddressPattern? pattern)
    {
        pattern = null;
        var at = text.LastIndexOf('@');
        // The address that would stand for it: no "*" in the domain, and nothing that no address can hold.
        if (at < 1 || text.AsSpan().ContainsAny("?\\\"<>") || !EmailAddress.IsDomain(text.AsSpan(at + 1)) || !EmailAddress.TryParse(text.Replace('*', 'x'), out var address))
        {
            return false;
        }

        pattern = new AddressPattern(text[..at], address.Domain);
        return true;
    }

    public bool Matches(EmailAddress address) =>
        string.Equals(address.Domain, _domain, StringComparison.OrdinalIgnoreCase) && FileSystemName.MatchesSimpleExpression(_localPart, address.LocalPart, ignoreCase: true);
}
