using MailCore.Authentication.Jwt;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.Hosting;

/// <summary>Lets clients log in by JSON Web Tokens.</summary>
public static class JwtMailServerBuilderExtensions
{
    /// <summary>Accepts bearer tokens by OAUTHBEARER and XOAUTH2, beside the passwords of the other authenticators.</summary>
    public static MailServerBuilder AddJwtAuthenticator(this MailServerBuilder mail, Action<JwtOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(configure);
        mail.Services.AddSingleton(services =>
        {
            var options = new JwtOptions();
            configure(options);
            return new JwtAuthenticator(options, services.GetRequiredService<IMailDirectory>(), services.GetRequiredService<TimeProvider>());
        });
        return mail.AddAuthenticator(static services => services.GetRequiredService<JwtAuthenticator>());
    }
}
