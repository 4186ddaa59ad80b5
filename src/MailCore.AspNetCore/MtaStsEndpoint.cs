using MailCore.Relay.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MailCore.AspNetCore;

/// <summary>Serves what other mail servers look for by HTTPS.</summary>
public static class MtaStsEndpoint
{
    /// <summary>
    /// Serves an MTA-STS policy (RFC 8461 3.2) as <c>/.well-known/mta-sts.txt</c>, asked for each time, to requests for the hosts
    /// mta-sts.DOMAIN; null from <paramref name="policy"/> is 404. The domain comes in small letters. The certificate of the web server must
    /// be for that host.
    /// </summary>
    public static IEndpointConventionBuilder MapMtaSts(this IEndpointRouteBuilder endpoints, Func<string, MtaStsPolicy?> policy)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(policy);
        return endpoints.Map("/.well-known/mta-sts.txt", context => AnswerAsync(context, policy)).WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));
    }

    private static async Task AnswerAsync(HttpContext context, Func<string, MtaStsPolicy?> find)
    {
        const string Prefix = "mta-sts.";
        // ToLowerInvariant: host names are ASCII here, and domains are compared that way.
#pragma warning disable CA1308
        var host = context.Request.Host.Host.ToLowerInvariant();
#pragma warning restore CA1308
        if (!host.StartsWith(Prefix, StringComparison.Ordinal) || find(host[Prefix.Length..]) is not { } policy)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(policy.ToString(), context.RequestAborted).ConfigureAwait(false);
    }
}
