using System.Text;
using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    // No list of rights is longer in earnest; each may be named more than once.
    private const int MaxRights = 64;

    /// <summary>Whom rights are for, in the form in which it is compared (RFC 4314 3).</summary>
    public string AclIdentifier()
    {
        var start = _position;
        var text = Text();
        if (Failed)
        {
            return "";
        }

        if (!Authentication.AclIdentifier.TryParse(text, out var identifier))
        {
            Fail("this can't be an identifier", start);
            return "";
        }

        return identifier;
    }

    /// <summary>"+rights", "-rights" or "rights" (RFC 4314 3.1). A letter that is no right here is BAD.</summary>
    public (FlagMode Mode, MailboxRights Rights) RightsChange()
    {
        var start = _position;
        var octets = Astring();
        var mode = octets is [(byte)'+', ..] ? FlagMode.Add : octets is [(byte)'-', ..] ? FlagMode.Remove : FlagMode.Replace;
        var letters = mode == FlagMode.Replace ? octets : octets[1..];
        var rights = MailboxRights.None;
        if (!Failed && (letters.Length > MaxRights || !RightsText.TryParse(Encoding.ASCII.GetString(letters), out rights)))
        {
            Fail("there is no such right", start);
        }

        return (mode, rights);
    }
}
