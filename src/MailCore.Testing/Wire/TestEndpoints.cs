using MailCore.Hosting;
using MailCore.Tls;

namespace MailCore.Testing.Wire;

/// <summary>Adds a test server's endpoints, each with its tap. On loopback passwords are taken in cleartext too.</summary>
internal sealed class TestEndpoints(SessionBook sessions, bool isLoopback)
{
    public void Add(MailServerBuilder mail, TestRoles roles)
    {
        When(TestRoles.Smtp, () => Tap(mail.ListenSmtp(0), TestProtocol.Smtp));
        When(TestRoles.Submission, () => Open(Tap(mail.ListenSubmission(0, AsSent), TestProtocol.Smtp)));
        When(TestRoles.Submissions, () => Tap(mail.ListenSubmissions(0, AsSent), TestProtocol.Smtp));
        When(TestRoles.Lmtp, () => Tap(mail.ListenLmtp(0), TestProtocol.Smtp));
        When(TestRoles.Imap, () => Open(Tap(mail.ListenImap(0, imap => imap.Options.MaxSessionsPerAccount = 1_000), TestProtocol.Imap)));
        When(TestRoles.Imaps, () => Tap(mail.ListenImaps(0, imap => imap.Options.MaxSessionsPerAccount = 1_000), TestProtocol.Imap));
        When(TestRoles.Pop3, () => Open(Tap(mail.ListenPop3(0), TestProtocol.Pop3)));
        When(TestRoles.Pop3s, () => Tap(mail.ListenPop3s(0), TestProtocol.Pop3));

        void When(TestRoles role, Action add)
        {
            if (roles.HasFlag(role))
            {
                add();
            }
        }
    }

    // Tests compare octets: nothing is completed.
    private static void AsSent(SmtpEndpointBuilder smtp) => smtp.Options.CompleteMessages = false;

    private MailEndpointBuilder Tap(MailEndpointBuilder endpoint, TestProtocol protocol) =>
        endpoint.Use(sessions.Layer(protocol, endpoint.Name, endpoint.Tls.Mode == TlsMode.Implicit));

    private void Open(MailEndpointBuilder endpoint)
    {
        if (isLoopback)
        {
            endpoint.UseStartTls().AllowCleartextAuthentication();
        }
    }
}
