using System.Net;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Smtp.Commands;

/// <summary>
/// XCLIENT (Postfix's XCLIENT_README): a peer named in the configuration speaks for the client behind it, and the session begins
/// anew as that client's.
/// </summary>
internal static class XClientCommand
{
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if ((session.Offered & SmtpExtensions.XClient) == 0)
        {
            return SmtpReplies.NotOffered;
        }

        if (session.HasWorked)
        {
            return SmtpReplies.TooLateForXClient;
        }

        if (argument.IsEmpty || ClientAttributes.Parse(argument.Span, ClientAttributes.ForXClient) is not { } client)
        {
            return SmtpReplies.BadArgument;
        }

        MailIdentity? identity = null;
        if (client.Login is { } login && (identity = await FindAsync(session, login).ConfigureAwait(false)) is null)
        {
            return SmtpReplies.NoSuchLogin;
        }

        // A client that nobody knows has none of its proxy's rights.
        session.Connection.RemoteEndPoint = client.IsAddressUnknown ? null : Replace(session.Connection.RemoteEndPoint, client.Address, client.Port);
        session.Connection.LocalEndPoint = Replace(session.Connection.LocalEndPoint, client.LocalAddress, client.LocalPort);
        session.Impersonate(identity, client.Name ?? session.ClientHostName);
        await session.GreetAsync().ConfigureAwait(false);
        if (client.Hello is { } hello)
        {
            session.Greet(client.Protocol == "SMTP" ? HelloKind.Helo : HelloKind.Ehlo, hello);
            if (session.Filters is { } filters && await filters.HelloAsync().ConfigureAwait(false) is not null)
            {
                // There is no reply to say it in: the client must greet itself.
                session.ForgetHello();
            }
        }

        return null;
    }

    private static async ValueTask<MailIdentity?> FindAsync(SmtpSession session, string login)
    {
        try
        {
            return EmailAddress.TryParse(login, out var address) && session.Services.Directory is { } directory
                && await directory.ResolveAsync(address, session.Connection.Closed).ConfigureAwait(false) is DirectoryEntry.Account account
                ? new MailIdentity(login, account.Id)
                : null;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, "-", "directory");
            return null;
        }
    }

    private static EndPoint? Replace(EndPoint? known, IPAddress? address, int? port)
    {
        var was = known as IPEndPoint;
        return (address ?? was?.Address) is { } given ? new IPEndPoint(given, port ?? (address is null ? was!.Port : 0)) : known;
    }
}
