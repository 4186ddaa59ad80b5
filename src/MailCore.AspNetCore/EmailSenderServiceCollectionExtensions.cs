using MailCore.AspNetCore;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.UI.Services;
using Microsoft.Extensions.DependencyInjection.Extensions;

#pragma warning disable IDE0130 // Where hosts look for it.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Lets ASP.NET send by the mail server in the same process.</summary>
public static class EmailSenderServiceCollectionExtensions
{
    /// <summary>
    /// Takes the place of <see cref="IEmailSender"/> and <see cref="IEmailSender{TUser}"/>, which Identity sends its links by. Needs a mail
    /// server in the same container (AddMailServer).
    /// </summary>
    public static IServiceCollection AddMailCoreEmailSender(this IServiceCollection services, Action<EmailSenderOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.Configure(configure);
        services.Replace(ServiceDescriptor.Singleton<IEmailSender, MailCoreEmailSender>());
        services.Replace(ServiceDescriptor.Singleton(typeof(IEmailSender<>), typeof(MailCoreEmailSender<>)));
        return services;
    }
}
