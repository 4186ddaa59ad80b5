using System.Diagnostics.CodeAnalysis;
using MailCore.AspNetCore.MailInbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace MailCore.AspNetCore;

/// <summary>A page that shows the mail of a server in the same application, and the JSON API behind it.</summary>
public static class MailInboxEndpointExtensions
{
    /// <summary>
    /// Serves the inbox below <paramref name="prefix"/>: the mail of all accounts of the server that AddMailServer added. Only clients on
    /// this machine may see it, unless the host calls RequireAuthorization on what this returns or sets
    /// <see cref="MailInboxOptions.AllowsAnyClient"/>: it shows everybody's mail.
    /// </summary>
    public static IEndpointConventionBuilder MapMailInbox(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/mail", Action<MailInboxOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var options = new MailInboxOptions();
        configure?.Invoke(options);
        var group = endpoints.MapGroup(prefix);
        InboxRoutes.Map(group, options, endpoints.ServiceProvider);
        return group;
    }
}
