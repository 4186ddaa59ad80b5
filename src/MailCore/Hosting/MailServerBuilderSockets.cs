using MailCore.Net;

namespace MailCore.Hosting;

/// <summary>Sockets that were bound before this process, so that it needs no privilege for ports below 1024.</summary>
public static class MailServerBuilderSockets
{
    /// <summary>
    /// Serves endpoints on the sockets that systemd passes to the process, if it does: an endpoint gets those that are called as it is
    /// (<see cref="MailEndpointBuilder.SocketName"/>, or its own name), or else one that is bound to its port and within its address. Endpoints
    /// without one bind by themselves. The start fails when a socket is nobody's.
    /// </summary>
    public static MailServerBuilder UseSocketActivation(this MailServerBuilder mail) => UseInheritedSockets(mail, InheritedSocket.TakeFromEnvironment);

    /// <summary>The same with sockets that come from elsewhere; asked for once, when the server starts, and closed by it.</summary>
    public static MailServerBuilder UseInheritedSockets(this MailServerBuilder mail, Func<IReadOnlyList<InheritedSocket>> sockets)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(sockets);
        mail.InheritSockets = sockets;
        return mail;
    }
}
