using System.Net;
using System.Net.Sockets;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

/// <summary>What systemd passes to a process; the descriptors themselves are passed to real processes by SocketActivationTests among the interop tests.</summary>
[TestFixture]
internal sealed class InheritedSocketTests
{
    [TestCase("4711", "1", "smtp", ExpectedResult = "smtp")]
    [TestCase("4711", "3", "smtp:imaps:mailserver.socket", ExpectedResult = "smtp imaps mailserver.socket")]
    [TestCase("4711", "2", null, ExpectedResult = "unknown unknown")]
    [TestCase("4711", "2", "smtp", ExpectedResult = "unknown unknown")]
    [TestCase("4711", "0", "", ExpectedResult = null)]
    [TestCase("4712", "1", "smtp", ExpectedResult = null)]
    [TestCase(null, "1", "smtp", ExpectedResult = null)]
    [TestCase("4711", null, "smtp", ExpectedResult = null)]
    [TestCase("4711", "-1", "smtp", ExpectedResult = null)]
    [TestCase("4711", "99999999", "smtp", ExpectedResult = null)]
    [TestCase("4711", " 1", "smtp", ExpectedResult = null)]
    public string? Descriptors_are_taken_when_they_are_meant_for_this_process(string? pid, string? count, string? names)
    {
        var variables = new Dictionary<string, string?> { ["LISTEN_PID"] = pid, ["LISTEN_FDS"] = count, ["LISTEN_FDNAMES"] = names };

        return InheritedSocket.ReadEnvironment(variables.GetValueOrDefault, 4711) is { } found ? string.Join(' ', found) : null;
    }

    [Test]
    public void Nothing_is_taken_where_nothing_was_passed() => Assert.That(InheritedSocket.TakeFromEnvironment(), Is.Empty);

    [Test]
    public void A_socket_that_does_not_listen_for_streams_is_refused()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        foreach (var socket in new[] { bound, datagrams })
        {
            Assert.That(() => new InheritedSocket("smtp", socket), Throws.TypeOf<IOException>().With.Message.Contains("'smtp' does not listen for streams").And.Message.Contains("Accept="));
        }
    }
}
