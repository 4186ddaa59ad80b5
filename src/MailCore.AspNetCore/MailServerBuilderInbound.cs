using MailCore.AspNetCore.Inbound;
using MailCore.Hosting;
using MailCore.Messaging;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.AspNetCore;

/// <summary>
/// Mail to addresses that are the application's own, as requests are to its routes. Anybody may write to them, also where they have no
/// account; nothing is stored, and without accounts the server needs no store. The client's reply waits for the handler: 2xx takes the message, 4xx puts it off, 5xx refuses it, and an
/// exception is logged and becomes 451.
/// </summary>
/// <remarks>
/// A pattern is an address in which "*" of the local part stands for any characters: <c>support@example.org</c>,
/// <c>ticket-*@example.org</c>, <c>*@in.example.org</c>. Case does not matter. The first pattern that matches counts, before accounts and
/// aliases; an alias may lead to such an address too. A handler is called once for a message, whichever of its recipients match. Each call has a scope of services of its own.
/// </remarks>
public static class MailServerBuilderInbound
{
    /// <summary>A handler without services.</summary>
    public static MailServerBuilder MapInbound(this MailServerBuilder mail, string pattern, Func<InboundMail, CancellationToken, Task<SmtpReply>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Map(mail, pattern, (_, message, cancellationToken) => handler(message, cancellationToken));
    }

    /// <summary>A handler with a service.</summary>
    public static MailServerBuilder MapInbound<T1>(this MailServerBuilder mail, string pattern, Func<InboundMail, T1, CancellationToken, Task<SmtpReply>> handler)
        where T1 : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Map(mail, pattern, (services, message, cancellationToken) => handler(message, services.GetRequiredService<T1>(), cancellationToken), typeof(T1));
    }

    /// <summary>A handler with two services.</summary>
    public static MailServerBuilder MapInbound<T1, T2>(this MailServerBuilder mail, string pattern, Func<InboundMail, T1, T2, CancellationToken, Task<SmtpReply>> handler)
        where T1 : notnull
        where T2 : notnull
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Map(
            mail,
            pattern,
            (services, message, cancellationToken) => handler(message, services.GetRequiredService<T1>(), services.GetRequiredService<T2>(), cancellationToken),
            typeof(T1),
            typeof(T2));
    }

    private static MailServerBuilder Map(MailServerBuilder mail, string pattern, InboundHandler handler, params Type[] needs)
    {
        ArgumentNullException.ThrowIfNull(mail);
        ArgumentNullException.ThrowIfNull(pattern);
        if (!AddressPattern.TryParse(pattern, out var parsed))
        {
            throw new FormatException($"'{pattern}' is no pattern of addresses; write it as support@example.org or ticket-*@example.org.");
        }

        return mail.AddHandler(parsed.Matches, services =>
        {
            // Mail that is put off each time is noticed late.
            var probe = services.GetService<IServiceProviderIsService>();
            if (Array.Find(needs, type => probe is not null && !probe.IsService(type)) is { } missing)
            {
                throw new MailServerConfigurationException([$"The handler of {pattern} needs {missing}, which is no service. Register it, such as by Services.AddScoped."]);
            }

            return new InboundDelivery(services.GetRequiredService<IServiceScopeFactory>(), handler);
        });
    }
}
