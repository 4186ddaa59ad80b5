using System.Net;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

public class TrustedNetworksTests
{
    [TestCase("172.16.0.0/12", "172.16.0.0", ExpectedResult = true)]
    [TestCase("172.16.0.0/12", "172.31.255.255", ExpectedResult = true)]
    [TestCase("172.16.0.0/12", "172.32.0.0", ExpectedResult = false)]
    [TestCase("172.16.0.0/12", "172.15.255.255", ExpectedResult = false)]
    [TestCase("172.16.0.0/12", "::ffff:172.16.0.1", ExpectedResult = true, Description = "what a dual-mode socket tells of an IPv4 client")]
    [TestCase("::ffff:172.16.0.0/108", "172.16.0.1", ExpectedResult = true)]
    [TestCase("192.0.2.7", "192.0.2.7", ExpectedResult = true)]
    [TestCase("192.0.2.7", "192.0.2.8", ExpectedResult = false)]
    [TestCase("fd00::/8", "fd12::1", ExpectedResult = true)]
    [TestCase("fd00::/8", "fc00::1", ExpectedResult = false)]
    [TestCase("2001:db8::1", "2001:db8::1", ExpectedResult = true)]
    [TestCase("10.0.0.0/8 192.168.0.0/16", "192.168.1.1", ExpectedResult = true)]
    [TestCase("", "127.0.0.1", ExpectedResult = false)]
    public bool Contains_what_they_cover(string networks, string address) =>
        TrustedNetworks.Parse(networks.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Contains(new IPEndPoint(IPAddress.Parse(address), 25));

    [Test]
    public void A_client_without_an_address_is_in_none()
    {
        var networks = TrustedNetworks.Parse("127.0.0.0/8", "::1");

        Assert.That(networks.Contains(null), Is.False);
        Assert.That(networks.Contains(new System.Net.Sockets.UnixDomainSocketEndPoint("/run/x.sock")), Is.False);
    }

    [TestCase("0.0.0.0/0")]
    [TestCase("::/0")]
    [TestCase("0.0.0.0/1 128.0.0.0/1", Description = "the whole in two halves")]
    [TestCase("::ffff:0:0/96", Description = "all of IPv4 in IPv6's form")]
    [TestCase("172.0.0.0/8", Description = "more than the private part of it")]
    [TestCase("198.51.0.0/15")]
    [TestCase("198.51.0.0/16 192.0.2.1")]
    [TestCase("2001::/31")]
    [TestCase("fc00::/6")]
    public void An_open_relay_can_not_be_written(string networks) =>
        Assert.That(() => TrustedNetworks.Parse(networks.Split(' ')), Throws.ArgumentException.With.Message.Contains("open relay"));

    [TestCase("198.51.0.0/16")]
    [TestCase("2001:db8::/32")]
    [TestCase("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 100.64.0.0/10 127.0.0.0/8")]
    public void Private_networks_and_a_public_one_can(string networks) => Assert.That(TrustedNetworks.Parse(networks.Split(' ')).IsEmpty, Is.False);

    [TestCase("10.0.0.0/33")]
    [TestCase("example.org")]
    [TestCase("")]
    public void What_is_no_network_is_told(string network) =>
        Assert.That(() => TrustedNetworks.Parse(network), Throws.TypeOf<FormatException>().With.Message.Contains($"'{network}'"));
}
