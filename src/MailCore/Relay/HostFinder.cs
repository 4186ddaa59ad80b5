using System.Net;
using System.Net.Sockets;
using MailCore.Messaging;
using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>
/// Finds the host that a next hop names, as the machine does: by its hosts file too, since such hosts are one's own. Knows nothing of MX
/// records. Thread-safe.
/// </summary>
internal sealed class HostFinder(TimeProvider time) : INextHopFinder
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async ValueTask<HopPlan> FindAsync(NextHop hop, MessageTls wish, CancellationToken cancellationToken)
    {
        if (hop.UsesMx)
        {
            return Fail(hop, "mail exchangers are not looked up without a relay");
        }

        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var addresses = IPAddress.TryParse(hop.Host, out var literal) ? [literal] : await System.Net.Dns.GetHostAddressesAsync(hop.Host, either.Token).ConfigureAwait(false);
            return addresses.Length == 0 ? Fail(hop, "it has no address") : new HopPlan([new HopHost(hop.Host, addresses, hop.Port, OutboundTlsRequirement.Opportunistic)], null);
        }
        catch (Exception error) when (error is SocketException || timeout.IsCancellationRequested)
        {
            return Fail(hop, "its address can't be looked up now");
        }
    }

    private static HopPlan Fail(NextHop hop, string why) => new([], new SmtpReply(451, "4.4.4", $"{hop.Host}: {why}"));
}
