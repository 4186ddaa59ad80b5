using System.Diagnostics.CodeAnalysis;
using MailCore.Delivery;
using MailCore.Dns;
using MailCore.Smtp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MailCore.Hosting;

/// <summary>Filters and signers of the whole server.</summary>
public static class MailServerBuilderFilters
{
    /// <summary>
    /// Asks this filter at every SMTP, submission and LMTP endpoint, before the endpoint's own. Each session gets one from its scope
    /// of services: register the type for another lifetime than that.
    /// </summary>
    public static MailServerBuilder AddSmtpFilter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFilter>(
        this MailServerBuilder mail, SmtpFilterFailure onFailure = SmtpFilterFailure.TryLater)
        where TFilter : class, ISmtpFilter
    {
        ArgumentNullException.ThrowIfNull(mail);
        mail.Services.TryAddScoped<TFilter>();
        mail.Services.AddSingleton(new SmtpFilterRegistration(static services => services.GetRequiredService<TFilter>()) { OnFailure = onFailure });
        return mail;
    }

    /// <summary>Which name servers are asked, by filters and later by the relay; those of the machine without this.</summary>
    public static MailServerBuilder UseDns(this MailServerBuilder mail, Action<StubResolverOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new StubResolverOptions();
        configure(options);
        mail.Services.Replace(ServiceDescriptor.Singleton<IDnsResolver>(services => new StubResolver(options, services.GetRequiredService<TimeProvider>())));
        return mail;
    }

    /// <summary>Signs what is stored or queued, by SMTP or in process, behind the signers added before.</summary>
    public static MailServerBuilder AddMessageSigner<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSigner>(this MailServerBuilder mail)
        where TSigner : class, IMessageSigner
    {
        ArgumentNullException.ThrowIfNull(mail);
        mail.Services.AddSingleton<IMessageSigner, TSigner>();
        return mail;
    }
}
