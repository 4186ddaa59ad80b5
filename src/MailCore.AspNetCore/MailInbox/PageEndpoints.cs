using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>The page and what belongs to it, from the assembly.</summary>
internal sealed class PageEndpoints
{
    /// <summary>Nothing from elsewhere, and no script or style in the page itself.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly Asset? _index = Asset.Find("index.html");
    private readonly FrozenDictionary<string, Asset> _assets = Asset.FindAll();

    public async ValueTask<InboxProblem?> IndexAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        if (!path.EndsWith('/'))
        {
            // Else what the page names would be looked for beside it.
            http.Response.Redirect($"{http.Request.PathBase}{http.Request.Path}/{http.Request.QueryString}");
            return null;
        }

        http.Response.Headers.ContentSecurityPolicy = Policy;
        return await WriteAsync(http, _index).ConfigureAwait(false);
    }

    /// <summary>The style sheet, or a module of the script.</summary>
    public ValueTask<InboxProblem?> AssetAsync(HttpContext http) => WriteAsync(http, _assets.GetValueOrDefault(http.Request.RouteValues["name"] as string ?? ""));

    private static async ValueTask<InboxProblem?> WriteAsync(HttpContext http, Asset? asset)
    {
        if (asset is null)
        {
            return new InboxProblem(StatusCodes.Status404NotFound, "No such file", "The page has no file of this name.");
        }

        http.Response.Headers.ETag = asset.Tag;
        // Kept, but asked about each time.
        http.Response.Headers.CacheControl = "no-cache";
        if (http.Request.Headers.IfNoneMatch == asset.Tag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return null;
        }

        http.Response.ContentType = asset.ContentType;
        http.Response.ContentLength = asset.Octets.Length;
        await http.Response.Body.WriteAsync(asset.Octets, http.RequestAborted).ConfigureAwait(false);
        return null;
    }

    private sealed record Asset(byte[] Octets, string ContentType, string Tag)
    {
        private const string Prefix = "MailInbox/";

        public static FrozenDictionary<string, Asset> FindAll() => typeof(PageEndpoints).Assembly.GetManifestResourceNames()
            .Where(static resource => resource.StartsWith(Prefix, StringComparison.Ordinal) && (resource.EndsWith(".js", StringComparison.Ordinal) || resource.EndsWith(".css", StringComparison.Ordinal)))
            .ToFrozenDictionary(static resource => resource[Prefix.Length..], static resource => Find(resource[Prefix.Length..])!, StringComparer.Ordinal);

        public static Asset? Find(string name)
        {
            using var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream(Prefix + name);
            if (stream is null)
            {
                return null;
            }

            var octets = new byte[stream.Length];
            stream.ReadExactly(octets);
            return new Asset(octets, TypeOf(name), $"\"{Convert.ToHexStringLower(SHA256.HashData(octets)[..8])}\"");
        }

        private static string TypeOf(string name) => Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
    }
}
