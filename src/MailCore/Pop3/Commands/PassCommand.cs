using MailCore.Authentication;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 7: the rest of the line is the password, its spaces included.</summary>
internal static class PassCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!session.Offer.TakesPasswords)
        {
            session.RefuseCleartext();
            return ValueTask.CompletedTask;
        }

        if (session.User is not { } user)
        {
            session.RefuseBad("Send USER first"u8);
            return ValueTask.CompletedTask;
        }

        session.User = null;
        // What can't be a password is a wrong one, and takes as long.
        SaslText.TryDecode(line.Rest, mayBeEmpty: true, out var password);
        return LogInAsync(session, user, password);
    }

    private static async ValueTask LogInAsync(Pop3Session session, string user, string password)
    {
        if (await session.RunLoginAsync(stop => session.VerifyPasswordAsync(user, password, stop)).ConfigureAwait(false) is { } result)
        {
            await session.FinishLoginAsync(result).ConfigureAwait(false);
        }
    }
}
