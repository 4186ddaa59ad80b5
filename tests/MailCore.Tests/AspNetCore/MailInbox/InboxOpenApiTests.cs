using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>The description of the API is true: each path and verb answers as it says, and no other is there.</summary>
[CancelAfter(60_000)]
internal sealed class InboxOpenApiTests
{
    [Test]
    public async Task Every_path_and_verb_is_described_and_no_other()
    {
        await using var inbox = await InboxHost.StartAsync();
        var document = await inbox.GetAsync("api/openapi.json");
        Assert.That(((string?)document["openapi"], (string?)document["servers"]![0]!["url"]), Is.EqualTo(("3.1.0", "/mail")));
        var described = document["paths"]!.AsObject().SelectMany(static path => path.Value!.AsObject().Select(verb => $"{verb.Key.ToUpperInvariant()} /mail{path.Key}"));
        var mapped = inbox.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(static endpoint => endpoint.RoutePattern.RawText!.Contains("/api/", StringComparison.Ordinal))
            .Select(static endpoint => $"{endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods.Single()} {endpoint.RoutePattern.RawText}");
        Assert.That(described, Is.EquivalentTo(mapped));
        Assert.That(document["paths"]!.AsObject().SelectMany(static path => path.Value!.AsObject()).Select(static verb => (string)verb.Value!["operationId"]!), Is.Unique);
    }

    [Test]
    public async Task Every_operation_answers_as_it_is_described()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"));
        var document = await inbox.GetAsync("api/openapi.json");
        await inbox.SendAsync(
            "From: a@there.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\ntext\r\n--m\r\nContent-Type: text/html\r\n\r\n<b>\r\n--m\r\nContent-Type: image/png; name=p\r\n\r\nx\r\n--m--\r\n");
        var id = await inbox.NewestAsync();
        foreach (var (path, verbs) in document["paths"]!.AsObject())
        {
            // What deletes comes last.
            foreach (var (verb, operation) in verbs!.AsObject().Where(static verb => verb.Key != "delete"))
            {
                await CheckAsync(inbox, document, (path, verb, operation!), id, "3");
                if (path.Contains("{id}", StringComparison.Ordinal))
                {
                    await CheckAsync(inbox, document, (path, verb, operation!), "none", "3");
                    await CheckAsync(inbox, document, (path, verb, operation!), id, "9");
                }
            }
        }

        foreach (var (path, verbs) in document["paths"]!.AsObject().Where(static path => path.Value!.AsObject().ContainsKey("delete")).Reverse())
        {
            await CheckAsync(inbox, document, (path, "delete", verbs!["delete"]!), id, "");
            await CheckAsync(inbox, document, (path, "delete", verbs["delete"]!), id, "");
        }
    }

    private static async Task CheckAsync(InboxHost inbox, JsonNode document, (string Path, string Verb, JsonNode Operation) described, string id, string section)
    {
        var (path, verb, operation) = described;
        var url = path[1..].Replace("{id}", id, StringComparison.Ordinal).Replace("{section}", section, StringComparison.Ordinal);
        foreach (var isOwn in new[] { false, true })
        {
            using var request = new HttpRequestMessage(new HttpMethod(verb.ToUpperInvariant()), url);
            if (isOwn)
            {
                request.Headers.Add("X-MailCore-Inbox", "1");
            }

            if (operation["requestBody"] is { } body)
            {
                var schema = Resolve(document, body["content"]!["application/json"]!["schema"]!);
                request.Content = new StringContent(schema["properties"]!.AsObject().ContainsKey("seen") ? """{"seen":true}""" : """{"to":["alice@example.org"]}""", null, "application/json");
            }

            using var answer = await inbox.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var what = $"{verb} {url}: {(int)answer.StatusCode}";
            var declared = operation["responses"]![((int)answer.StatusCode).ToString()];
            Assert.That(declared, Is.Not.Null, what);
            var type = answer.Content.Headers.ContentType?.MediaType;
            if (declared!["content"] is not { } content)
            {
                Assert.That((type, (int)answer.StatusCode), Is.EqualTo(((string?)null, 204)), what);
                continue;
            }

            var media = content.AsObject().FirstOrDefault(one => one.Key == type || (one.Key.EndsWith("/*", StringComparison.Ordinal) && type!.StartsWith(one.Key[..^1], StringComparison.Ordinal)));
            Assert.That(media.Key, Is.Not.Null, $"{what} {type}");
            if (type!.EndsWith("json", StringComparison.Ordinal))
            {
                Conforms(document, media.Value!["schema"]!, JsonNode.Parse(await answer.Content.ReadAsStringAsync()), what);
            }
        }
    }

    // As much of JSON Schema as the document uses.
    private static void Conforms(JsonNode document, JsonNode schema, JsonNode? value, string where)
    {
        if (schema["oneOf"] is JsonArray choices)
        {
            Assert.That(value is null ? choices.Any(static choice => (string?)choice!["type"] == "null") : choices.Count > 0, Is.True, where);
            if (value is not null)
            {
                Conforms(document, choices.First(static choice => choice!["$ref"] is not null)!, value, where);
            }

            return;
        }

        schema = Resolve(document, schema);
        string[] types = schema["type"] is JsonArray several ? [.. several.Select(static type => (string)type!)] : [(string)schema["type"]!];
        var actual = value?.GetValueKind() switch
        {
            null => "null",
            System.Text.Json.JsonValueKind.Object => "object",
            System.Text.Json.JsonValueKind.Array => "array",
            System.Text.Json.JsonValueKind.String => "string",
            System.Text.Json.JsonValueKind.Number => "integer",
            _ => "boolean",
        };
        Assert.That(types, Does.Contain(actual), where);
        if (value is JsonArray array && schema["items"] is { } items)
        {
            foreach (var item in array)
            {
                Conforms(document, items, item, where);
            }
        }
        else if (value is JsonObject obj && schema["properties"] is JsonObject properties)
        {
            Assert.That(obj.Select(static property => property.Key), Is.EquivalentTo(properties.Select(static property => property.Key)), where);
            foreach (var (name, inner) in properties)
            {
                Conforms(document, inner!, obj[name], $"{where} {name}");
            }
        }
    }

    private static JsonNode Resolve(JsonNode document, JsonNode schema) =>
        (string?)schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference["#/components/schemas/".Length..]]! : schema;
}
