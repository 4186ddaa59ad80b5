using MailCore.Authentication;

namespace MailCore.Tests.Authentication;

/// <summary>For servers whose tests are about something else: failures cost no time, and only PLAIN and LOGIN are offered, so that dialogs can be written down.</summary>
internal static class LoginDefaults
{
    public static LoginOptions Make()
    {
        var options = new LoginOptions { FailureDelay = TimeSpan.Zero };
        options.Mechanisms.Clear();
        options.Mechanisms.Add(SaslMechanisms.Plain);
        options.Mechanisms.Add(SaslMechanisms.Login);
        return options;
    }
}
