using System.Net;
using System.Net.Sockets;

namespace MailCore.Net;

/// <summary>Counts connections in all and per client address: an IPv4 /32 or an IPv6 /56. Thread-safe.</summary>
internal sealed class ConnectionLimiter(int total, int perAddress)
{
    private readonly Dictionary<ClientKey, int> _perAddress = [];
    private volatile int _limit = total;
    private volatile int _limitPerAddress = perAddress;
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>Connections admitted and not yet released.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>No more than this in all.</summary>
    public int Limit => _limit;

    /// <summary>Other limits, for connections that come from now on.</summary>
    public void Use(int limit, int limitPerAddress) => (_limit, _limitPerAddress) = (limit, limitPerAddress);

    public bool TryEnter(EndPoint? remote, out Lease lease)
    {
        var key = ClientKey.From(remote);
        lock (_gate)
        {
            lease = default;
            var fromHere = key is { } known ? _perAddress.GetValueOrDefault(known) : 0;
            if (_count >= _limit || fromHere >= _limitPerAddress)
            {
                return false;
            }

            _count++;
            if (key is { } address)
            {
                _perAddress[address] = fromHere + 1;
            }

            lease = new Lease(this, key);
            return true;
        }
    }

    /// <summary>Counts an admitted connection for its client, once that is known; false when the client has too many.</summary>
    public bool TryIdentify(ref Lease lease, EndPoint? remote)
    {
        if (ClientKey.From(remote) is not { } key)
        {
            return true;
        }

        lock (_gate)
        {
            var fromHere = _perAddress.GetValueOrDefault(key);
            if (fromHere >= _limitPerAddress)
            {
                return false;
            }

            _perAddress[key] = fromHere + 1;
            lease = new Lease(this, key);
            return true;
        }
    }

    private void Leave(ClientKey? key)
    {
        lock (_gate)
        {
            _count--;
            if (key is { } address && --System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(_perAddress, address) == 0)
            {
                _perAddress.Remove(address);
            }
        }
    }

    internal readonly struct Lease(ConnectionLimiter? owner, ClientKey? key) : IDisposable
    {
        public void Dispose() => owner?.Leave(key);
    }
}

/// <summary>The network a client counts as: its IPv4 address, or the /56 of its IPv6 address. Clients without an IP address have none.</summary>
internal readonly record struct ClientKey(UInt128 Prefix)
{
    public static ClientKey? From(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> octets = stackalloc byte[16];
        octets.Clear();
        address.TryWriteBytes(octets, out _);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            octets[7..].Clear();
            // No IPv4 client shares a key with an IPv6 one.
            octets[15] = 6;
        }

        return new ClientKey(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets));
    }
}
