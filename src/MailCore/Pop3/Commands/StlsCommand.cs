using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 2595 4.</summary>
internal static class StlsCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!line.Argument.IsEmpty)
        {
            session.RefuseBad("STLS takes no argument"u8);
        }
        else if (session.IsSecured)
        {
            session.Output.Error("TLS is on already"u8);
        }
        else if (!session.Policy.OffersStartTls(session.IsSecured))
        {
            session.Output.Error("TLS is not available here"u8);
        }
        else if (!session.DropIfInjected())
        {
            session.Output.Ok("Begin TLS negotiation"u8);
            return session.StartTlsAsync();
        }

        return ValueTask.CompletedTask;
    }
}
