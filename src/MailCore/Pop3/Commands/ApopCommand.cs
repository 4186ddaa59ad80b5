using MailCore.Authentication;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 7. A wrong digest and an unknown user are answered as PASS answers them.</summary>
internal static class ApopCommand
{
    private const int DigestLength = 32;

    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        var rest = line.Argument;
        var space = rest.LastIndexOf((byte)' ');
        if (session.Timestamp is not { } timestamp)
        {
            session.RefuseBad("APOP is not offered here"u8);
        }
        else if (!session.Services.Login.TakesApop(session.Authentication))
        {
            session.RefuseCleartext();
        }
        else if (space < 0 || rest.Length - space - 1 != DigestLength || !SaslText.TryDecode(rest[..space], mayBeEmpty: false, out var user))
        {
            session.RefuseBad("APOP needs a name and a digest"u8);
        }
        else
        {
            return LogInAsync(session, user, timestamp, rest[(space + 1)..].ToArray());
        }

        return ValueTask.CompletedTask;
    }

    private static async ValueTask LogInAsync(Pop3Session session, string user, string timestamp, byte[] digest)
    {
        if (await session.RunLoginAsync(stop => session.Services.Login.VerifyApopAsync(user, timestamp, digest, session.Authentication, stop)).ConfigureAwait(false) is { } result)
        {
            await session.FinishLoginAsync(result).ConfigureAwait(false);
        }
    }
}
