using System.Net;
using System.Net.Sockets;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ConnectionLimiterTests
{
    [Test]
    public void The_total_holds_at_n_and_n_plus_1()
    {
        var limiter = new ConnectionLimiter(total: 3, perAddress: 3);
        var leases = new List<ConnectionLimiter.Lease>();
        for (var i = 1; i <= 3; i++)
        {
            Assert.That(limiter.TryEnter(Client($"192.0.2.{i}"), out var lease));
            leases.Add(lease);
        }

        Assert.That(limiter.TryEnter(Client("192.0.2.9"), out var refused), Is.False);
        refused.Dispose();
        Assert.That(limiter.Count, Is.EqualTo(3));
        leases[0].Dispose();
        Assert.That(limiter.TryEnter(Client("192.0.2.9"), out _));
    }

    [TestCase("192.0.2.1", "192.0.2.1", true)]
    [TestCase("192.0.2.1", "192.0.2.2", false)]
    [TestCase("192.0.2.1", "::ffff:192.0.2.1", true)]
    [TestCase("2001:db8:0:ff00::1", "2001:db8:0:ffff::2", true)]
    [TestCase("2001:db8:0:ff00::1", "2001:db8:0:fe00::1", false)]
    [TestCase("0.0.0.0", "::", false)]
    public void Clients_are_counted_by_IPv4_address_and_by_IPv6_56(string first, string second, bool isSame)
    {
        var limiter = new ConnectionLimiter(total: 10, perAddress: 1);
        Assert.That(limiter.TryEnter(Client(first), out var lease));
        Assert.That(limiter.TryEnter(Client(second), out _), Is.EqualTo(!isSame));
        lease.Dispose();
        Assert.That(limiter.TryEnter(Client(first), out _));
    }

    [Test]
    public void Clients_without_an_IP_address_count_in_the_total_alone()
    {
        var limiter = new ConnectionLimiter(total: 2, perAddress: 1);
        Assert.That(limiter.TryEnter(new UnixDomainSocketEndPoint("/s"), out _));
        Assert.That(limiter.TryEnter(null, out _));
        Assert.That(limiter.TryEnter(null, out _), Is.False);
    }

    private static IPEndPoint Client(string address) => new(IPAddress.Parse(address), 1);
}
