using System.Diagnostics.CodeAnalysis;
using MailCore.AspNetCore.Identity;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.AspNetCore;

/// <summary>Makes the users of ASP.NET Core Identity the users of the mail server.</summary>
public static class MailServerBuilderIdentity
{
    /// <summary>
    /// Checks logins by Identity's <see cref="UserManager{TUser}"/>, and delivers mail to its users. Needs AddIdentity or AddIdentityCore
    /// for the same type, with a store of passwords. Say it behind the store (UseSqliteStore brings a directory of its own).
    /// </summary>
    /// <remarks>
    /// Identity keeps no keys for SCRAM, so only mechanisms that send the password are offered. Its roles are the user's groups in access
    /// control lists. Users with two-factor authentication log in by <see cref="MailAppPasswords{TUser}"/>.
    /// </remarks>
    public static MailServerBuilder UseIdentity<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TUser>(
        this MailServerBuilder mail, Action<IdentityMailOptions>? configure = null)
        where TUser : class, new()
    {
        ArgumentNullException.ThrowIfNull(mail);
        var options = new IdentityMailOptions();
        configure?.Invoke(options);
        if (options.UserNamesAt is { } domain)
        {
            if (!EmailAddress.IsDomain(domain))
            {
                throw new FormatException($"UserNamesAt '{domain}' is not a mail domain.");
            }

            if (!mail.Domains.Contains(domain, StringComparer.OrdinalIgnoreCase))
            {
                mail.Domains.Add(domain);
            }
        }

        mail.Services.TryAddScoped<MailAppPasswords<TUser>>();
        mail.Services.Replace(ServiceDescriptor.Singleton(services => Make<TUser>(mail, options, services)));
        return mail
            .UseDirectory(static services => new IdentityDirectory<TUser>(
                services.GetRequiredService<IServiceScopeFactory>(), services.GetRequiredService<IdentityAccounts<TUser>>()))
            .UseAuthenticator(services => new IdentityAuthenticator<TUser>(
                services.GetRequiredService<IServiceScopeFactory>(),
                services.GetRequiredService<IdentityAccounts<TUser>>(),
                options,
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<IdentityAuthenticator<TUser>>>()));
    }

    private static IdentityAccounts<TUser> Make<TUser>(MailServerBuilder mail, IdentityMailOptions options, IServiceProvider services)
        where TUser : class
    {
        using var scope = services.CreateScope();
        var problems = new List<string>();
        if (scope.ServiceProvider.GetService<UserManager<TUser>>() is not { } users)
        {
            problems.Add($"UseIdentity<{typeof(TUser).Name}> needs Identity. Call AddIdentityCore<{typeof(TUser).Name}>() with a store of users.");
        }
        else
        {
            if (!users.SupportsUserPassword)
            {
                problems.Add("UseIdentity needs a store of users that keeps passwords.");
            }

            if (options.UserNamesAt is null && (!users.SupportsUserEmail || !users.Options.User.RequireUniqueEmail))
            {
                problems.Add("UseIdentity takes the users' e-mail addresses, and Identity would let two users have the same one, and so the same mailbox. Set IdentityOptions.User.RequireUniqueEmail, or take their names by UserNamesAt.");
            }
        }

        if (mail.Domains.Count == 0)
        {
            problems.Add("UseIdentity needs a domain: only users with an address in one of mail.Domains have mailboxes.");
        }

        return problems.Count > 0
            ? throw new MailServerConfigurationException(problems)
            : new IdentityAccounts<TUser>(options, mail.Domains, services.GetRequiredService<DirectoryRouterOptions>().SubaddressDelimiters);
    }
}
