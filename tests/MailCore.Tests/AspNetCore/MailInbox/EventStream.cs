using System.Text.Json.Nodes;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>A client of the inbox's events.</summary>
internal sealed class EventStream : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _reader;

    private EventStream(HttpResponseMessage answer, StreamReader reader) => (_answer, _reader) = (answer, reader);

    /// <summary>Of the last event.</summary>
    public string LastId { get; private set; } = "";

    /// <summary>Opens the stream, and waits until it begins.</summary>
    public static async Task<EventStream> OpenAsync(InboxHost inbox, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/events");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var answer = await inbox.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        Assert.That(answer.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/event-stream"));
        var stream = new EventStream(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        Assert.That(await stream.LineAsync(), Does.StartWith(": "));
        return stream;
    }

    /// <summary>The next event: its name and its data; null at the end of the stream.</summary>
    public async Task<(string Name, JsonNode Data)?> NextAsync()
    {
        var name = "";
        while (await LineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                LastId = line[4..];
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return (name, JsonNode.Parse(line[6..])!);
            }
        }

        return null;
    }

    /// <summary>The next line, comments and all.</summary>
    public async Task<string?> LineAsync() => await _reader.ReadLineAsync().WaitAsync(Hang);

    public void Dispose()
    {
        _reader.Dispose();
        _answer.Dispose();
    }
}
