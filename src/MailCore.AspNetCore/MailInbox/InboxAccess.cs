using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Who may see the inbox, and which requests are its own page's.</summary>
internal sealed class InboxAccess(MailInboxOptions options)
{
    /// <summary>A form or an image of another site can't send it, and a script of one has to ask first, which is not answered.</summary>
    public const string OwnHeader = "X-MailCore-Inbox";

    private static readonly InboxProblem OtherSite = InboxProblem.Forbidden("The request comes from another site.");

    // What a proxy says of a client that is none of this machine.
    private static readonly string[] Forwarding = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"];

    /// <summary>Null when the client may have the page.</summary>
    public InboxProblem? CheckPage(HttpContext http) => options.AllowsAnyClient || IsAuthorized(http) ? null : CheckLocal(http);

    /// <summary>Null when the client may use the API.</summary>
    public InboxProblem? CheckApi(HttpContext http)
    {
        if (CheckPage(http) is { } problem)
        {
            return problem;
        }

        // An image of another site's page learns nothing, but would hold a listener's place.
        if (http.Request.Headers["Sec-Fetch-Site"] is not ([] or ["same-origin"] or ["none"]))
        {
            return OtherSite;
        }

        return HttpMethods.IsGet(http.Request.Method) ? null : CheckOrigin(http.Request);
    }

    // The middleware has let it pass: it throws where it is missing.
    private static bool IsAuthorized(HttpContext http) =>
        http.GetEndpoint()?.Metadata is { } metadata
        && (metadata.GetMetadata<IAuthorizeData>() is not null || metadata.GetMetadata<AuthorizationPolicy>() is not null)
        && metadata.GetMetadata<IAllowAnonymous>() is null;

    private InboxProblem? CheckLocal(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } client || !IPAddress.IsLoopback(client) || Forwarding.Any(http.Request.Headers.ContainsKey))
        {
            return InboxProblem.Forbidden("The inbox is for clients on the same machine. Let others in by RequireAuthorization or AllowsAnyClient.");
        }

        // Else a page of any site could read it, whose name is made to lead here (DNS rebinding).
        return IsOwnName(http.Request.Host.Host)
            ? null
            : InboxProblem.Forbidden("The inbox does not answer to this host name. Ask for localhost, or add the name to Hosts.");
    }

    private bool IsOwnName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address))
        || options.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    private static InboxProblem? CheckOrigin(HttpRequest request)
    {
        if (request.Headers[OwnHeader] is not ["1"])
        {
            return InboxProblem.Forbidden($"Requests that change something carry the header {OwnHeader}: 1.");
        }

        return request.Headers[HeaderNames.Origin] is [] or [null]
            || (request.Headers[HeaderNames.Origin] is [{ } origin] && origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
            ? null
            : OtherSite;
    }
}
