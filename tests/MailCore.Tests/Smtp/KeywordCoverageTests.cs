using MailCore.Authentication;
using MailCore.Smtp;
using MailCore.Tests.Scripts;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

[TestFixture]
internal sealed class KeywordCoverageTests
{
    [Test]
    public void Every_announced_keyword_has_scripts_for_its_effect_and_its_refusal()
    {
        var announced = new[] { SmtpDialect.Transfer, SmtpDialect.Submission, SmtpDialect.Lmtp }
            .SelectMany(dialect => new[] { false, true }
                .SelectMany(isSecured => new SmtpCapabilities(new SmtpOptions(dialect) { OfferAuthentication = true }, TlsPolicy.Opportunistic, (MailCore.Delivery.DeliveryAbilities)(-1)).Keywords(new SmtpSessionState(isSecured, (SmtpExtensions)(-1), new SaslOffer(["PLAIN"])))))
            .Select(line => line.Split(' ')[0])
            .Distinct()
            .ToList();
        Assert.That(announced, Is.SupersetOf(new[] { "PIPELINING", "STARTTLS", "AUTH" }));
        Assert.That(ScriptFiles.Uncovered("smtp", announced), Is.Empty);
    }
}
