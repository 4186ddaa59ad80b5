using System.Net;
using System.Net.Sockets;
using MailCore.Net;

namespace MailCore.Hosting;

/// <summary>
/// Gives inherited sockets to endpoints: by name, or else by port or path. None may be left over, since its clients would wait for ever,
/// and none may reach further than its endpoint was configured to.
/// </summary>
internal sealed class SocketAdoption(IReadOnlyList<InheritedSocket> sockets) : IDisposable
{
    private readonly List<InheritedSocket> _left = [.. sockets];

    /// <summary>The endpoint's sockets; empty where it has to bind by itself.</summary>
    /// <exception cref="MailServerConfigurationException">One of its name reaches further than it may, or a name that was asked for is not there.</exception>
    public IReadOnlyList<Socket> Take(MailEndpoint endpoint)
    {
        var named = _left.FindAll(socket => socket.Name == (endpoint.SocketName ?? endpoint.Name));
        if (named.Find(socket => !IsWithin(endpoint.EndPoint, socket.EndPoint)) is { } wide)
        {
            throw new MailServerConfigurationException([
                $"The inherited socket {wide} can be reached from where endpoint '{endpoint.Name}' ({endpoint.EndPoint}) may not be. Change the socket unit's ListenStream=, or the endpoint's address."]);
        }

        if (named.Count == 0 && endpoint.SocketName is { } name)
        {
            throw new MailServerConfigurationException([
                $"Endpoint '{endpoint.Name}' needs an inherited socket called '{name}', and there is none. Start the socket unit with FileDescriptorName={name}, or let the endpoint bind by itself."]);
        }

        var taken = named.Count > 0 ? named : _left.FindAll(socket => IsPlaceOf(endpoint.EndPoint, socket.EndPoint));
        _left.RemoveAll(taken.Contains);
        return taken.ConvertAll(static socket => socket.Release());
    }

    /// <exception cref="MailServerConfigurationException">Sockets are left over.</exception>
    public void Finish(IEnumerable<MailEndpoint> endpoints)
    {
        if (_left.Count > 0)
        {
            throw new MailServerConfigurationException([
                $"No endpoint is served on the inherited socket{(_left.Count > 1 ? "s" : "")} {string.Join(", ", _left)}. Endpoints: {string.Join(", ", endpoints)}. "
                + "Use an endpoint's port or path in ListenStream=, or its name in FileDescriptorName=, or take the socket out of the unit."]);
        }
    }

    public void Dispose() => _left.ForEach(static socket => socket.Dispose());

    private static bool IsPlaceOf(EndPoint configured, EndPoint actual) => (configured, actual) switch
    {
        (IPEndPoint ip, IPEndPoint bound) => ip.Port == bound.Port && IsWithin(ip, bound),
        (UnixDomainSocketEndPoint, UnixDomainSocketEndPoint) => configured.ToString() == actual.ToString(),
        _ => false,
    };

    private static bool IsWithin(EndPoint configured, EndPoint actual) => (configured, actual) switch
    {
        (_, UnixDomainSocketEndPoint) => true,
        (IPEndPoint ip, IPEndPoint bound) =>
            ip.Address.Equals(IPAddress.Any) || ip.Address.Equals(IPAddress.IPv6Any) || ip.Address.Equals(bound.Address) || (IPAddress.IsLoopback(ip.Address) && IPAddress.IsLoopback(bound.Address)),
        _ => false,
    };
}
