using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>The API in the words of OpenAPI 3.1.</summary>
internal sealed class OpenApiEndpoint
{
    private const string Path = "/api/openapi.json";

    /// <summary>Where in the document the prefix goes.</summary>
    private const string Prefix = "\"{prefix}\"";

    private readonly string _document = Read();

    public async ValueTask<InboxProblem?> RunAsync(HttpContext http)
    {
        var path = http.Request.PathBase.Add(http.Request.Path).Value ?? "";
        var prefix = path.EndsWith(Path, StringComparison.OrdinalIgnoreCase) ? path[..^Path.Length] : "";
        http.Response.ContentType = "application/json";
        var text = _document.Replace(Prefix, $"\"{JsonEncodedText.Encode(prefix)}\"", StringComparison.Ordinal);
        await http.Response.WriteAsync(text, Encoding.UTF8, http.RequestAborted).ConfigureAwait(false);
        return null;
    }

    private static string Read()
    {
        using var stream = typeof(OpenApiEndpoint).Assembly.GetManifestResourceStream("MailInbox/openapi.json")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
