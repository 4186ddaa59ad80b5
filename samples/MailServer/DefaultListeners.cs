using System.Net;
using MailCore.Hosting;

namespace MailServerSample;

/// <summary>Where the server listens when nothing is configured: on loopback, at ports that need no privilege.</summary>
internal static class DefaultListeners
{
    public static IEnumerable<ListenerSettings> Make()
    {
        yield return Local(ListenerRole.Smtp, 2525);
        yield return Local(ListenerRole.Submission, 2587);
        yield return Local(ListenerRole.Submissions, 2465);
        yield return Local(ListenerRole.Imap, 2143);
        yield return Local(ListenerRole.Imaps, 2993);
        yield return Local(ListenerRole.Pop3, 2110);
        yield return Local(ListenerRole.Pop3s, 2995);
        yield return Local(ListenerRole.Lmtp, 2424);
    }

    public static bool IsLocal(ListenerSettings listener) =>
        listener.Path is not null
        || (listener.Address is null ? listener.Role == ListenerRole.Lmtp
            : listener.Address.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(listener.Address, out var address) && IPAddress.IsLoopback(address)));

    private static ListenerSettings Local(ListenerRole role, int port) => new() { Role = role, Port = port, Address = "localhost" };
}
