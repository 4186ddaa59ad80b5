using MailCore.Authentication;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 7. Says nothing of whether there is such a user.</summary>
internal static class UserCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!session.Offer.TakesPasswords)
        {
            session.RefuseCleartext();
        }
        else if (!SaslText.TryDecode(line.Argument, mayBeEmpty: false, out var user))
        {
            session.RefuseBad("USER needs a name"u8);
        }
        else
        {
            session.User = user;
            session.Output.Ok("Send PASS"u8);
        }

        return ValueTask.CompletedTask;
    }
}
