using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>How the API's documents are written and read. The structure of a message nests deeper than the serializer's own limit.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 512, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(MessagePageBody))]
[JsonSerializable(typeof(MessageBody))]
[JsonSerializable(typeof(IReadOnlyList<MailboxBody>))]
[JsonSerializable(typeof(SettingsBody))]
[JsonSerializable(typeof(ChangeBody))]
[JsonSerializable(typeof(SeenBody))]
[JsonSerializable(typeof(ReleaseBody))]
[JsonSerializable(typeof(ReleasedBody))]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class InboxJson : JsonSerializerContext
{
    private const int MaxRequest = 64 * 1024;

    public static async Task WriteAsync<T>(HttpContext http, T body, JsonTypeInfo<T> type, string contentType = "application/json")
    {
        http.Response.ContentType = contentType;
        await JsonSerializer.SerializeAsync(http.Response.BodyWriter, body, type, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The request's document; null when it is none, too long, or not said to be JSON.</summary>
    public static async ValueTask<T?> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : class
    {
        if (!http.Request.HasJsonContentType() || http.Request.ContentLength > MaxRequest)
        {
            return null;
        }

        var octets = new byte[MaxRequest + 1];
        var length = await http.Request.Body.ReadAtLeastAsync(octets, octets.Length, throwOnEndOfStream: false, http.RequestAborted).ConfigureAwait(false);
        if (length > MaxRequest)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(octets.AsSpan(0, length), type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
