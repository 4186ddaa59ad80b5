using System.Diagnostics.CodeAnalysis;
using MailCore.Delivery;
using MailCore.Smtp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MailCore.Hosting;

/// <summary>An SMTP, submission or LMTP endpoint.</summary>
public sealed class SmtpEndpointBuilder : ProtocolEndpointBuilder<SmtpOptions>
{
    private readonly IServiceCollection _services;
    private readonly List<Func<IServiceProvider, SmtpFilterRegistration>> _filters = [];

    internal SmtpEndpointBuilder(string name, int port, SmtpDialect dialect, MailServerBuilder mail)
        : base(name, port, new SmtpOptions(dialect))
    {
        ArgumentNullException.ThrowIfNull(mail);
        (NeedsStore, _services) = (true, mail.Services);
    }

    internal HandlerDelivery? Handler { get; private set; }

    internal override bool TakesLogins => Options.OfferAuthentication;

    internal IEnumerable<Func<IServiceProvider, SmtpFilterRegistration>> Filters => _filters;

    /// <summary>
    /// Hands every message of this endpoint, whoever it is for, to the host's own code instead of the store, which is not needed
    /// then. The client's reply waits for the handler; an exception becomes 451.
    /// </summary>
    /// <param name="handler">Called once per message.</param>
    /// <param name="honours">What the handler does for a sender beyond taking the message; announced accordingly.</param>
    public SmtpEndpointBuilder OnMessage(MessageHandler handler, DeliveryAbilities honours = DeliveryAbilities.None)
    {
        Handler = new HandlerDelivery(handler) { Honours = honours };
        NeedsStore = false;
        return this;
    }

    /// <summary>
    /// Asks this filter behind those added before, the server's own (<see cref="MailServerBuilderFilters"/>) first. Each session gets
    /// one from its scope of services: register the type for another lifetime than that.
    /// </summary>
    public SmtpEndpointBuilder AddFilter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFilter>(
        SmtpFilterFailure onFailure = SmtpFilterFailure.TryLater)
        where TFilter : class, ISmtpFilter
    {
        _services.TryAddScoped<TFilter>();
        return AddFilter(new SmtpFilterRegistration(static services => services.GetRequiredService<TFilter>()) { OnFailure = onFailure });
    }

    /// <summary>The same with every detail.</summary>
    public SmtpEndpointBuilder AddFilter(SmtpFilterRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        _filters.Add(_ => registration);
        return this;
    }

    /// <summary>The same for one filter that is made at the start and shared by all sessions of this endpoint.</summary>
    public SmtpEndpointBuilder AddFilter(Func<IServiceProvider, ISmtpFilter> create, SmtpFilterFailure onFailure = SmtpFilterFailure.TryLater)
    {
        ArgumentNullException.ThrowIfNull(create);
        _filters.Add(services => new SmtpFilterRegistration(create(services)) { OnFailure = onFailure });
        return this;
    }
}
