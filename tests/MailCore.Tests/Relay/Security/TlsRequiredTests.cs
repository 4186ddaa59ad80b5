using System.Text;
using MailCore.Relay;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>The header field of RFC 8689; what it does is in NextHopFinderTests, OutboundTlsTableTests and RelayServiceTests.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class TlsRequiredTests
{
    [TestCase("TLS-Required: No\r\n\r\ntext\r\n", true)]
    [TestCase("Subject: x\r\ntls-required:no\r\n\r\ntext\r\n", true)]
    [TestCase("TLS-Required:\r\n No \r\n\r\n", true)]
    [TestCase("TLS-Required: No\r\n", true)]
    [TestCase("TLS-Required: Yes\r\n\r\n", false)]
    [TestCase("TLS-Required: No, really\r\n\r\n", false)]
    [TestCase("TLS-Required: No\r\nTLS-Required: No\r\n\r\n", false)]
    [TestCase("X-TLS-Required: No\r\n\r\n", false)]
    [TestCase("Subject: x\r\n\r\nTLS-Required: No\r\n", false)]
    [TestCase("\r\nTLS-Required: No\r\n", false)]
    [TestCase("", false)]
    public async Task The_field_counts_once_and_only_with_No(string message, bool expected) => Assert.That(await ReadAsync(message), Is.EqualTo(expected));

    [TestCase(3_000)]
    [TestCase(4_070)]
    [TestCase(4_090)]
    [TestCase(50_000)]
    [TestCase(TlsRequiredField.Limit - 30)]
    public async Task It_is_found_behind_a_long_header(int before) => Assert.That(await ReadAsync($"X: {new string('x', before - 5)}\r\nTLS-Required: No\r\n\r\n{new string('y', 100_000)}"));

    [Test]
    public async Task Behind_64_KB_nobody_looks() => Assert.That(await ReadAsync($"X: {new string('x', TlsRequiredField.Limit)}\r\nTLS-Required: No\r\n\r\ntext\r\n"), Is.False);

    private static async Task<bool> ReadAsync(string message)
    {
        await using var content = new BufferedContent(new ContentId("c"), Encoding.ASCII.GetBytes(message));
        return await TlsRequiredField.IsNoAsync(content, CancellationToken.None);
    }
}
