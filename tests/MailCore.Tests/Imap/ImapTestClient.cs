using System.Globalization;
using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>A client that sends commands and reads whole responses, literals included.</summary>
internal sealed class ImapTestClient(InMemoryConnection connection, Task session) : IAsyncDisposable
{
    private readonly byte[] _chunk = new byte[16 * 1024];
    private readonly List<byte> _received = [];
    private int _tag;

    public InMemoryConnection Connection => connection;

    public Task Session => session;

    /// <summary>Octets received and not yet taken.</summary>
    public int Buffered => _received.Count;

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] octets) => await connection.Client.WriteAsync(octets);

    /// <summary>Runs a command to its tagged reply, which is the last of the responses; each as Latin-1 with its literals.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(string command)
    {
        var tag = $"T{_tag++}";
        await SendAsync($"{tag} {command}\r\n");
        return await ReadToAsync(tag);
    }

    public async Task<IReadOnlyList<string>> ReadToAsync(string tag)
    {
        var responses = new List<string>();
        do
        {
            responses.Add(await ReadResponseAsync() ?? throw new IOException($"The server closed before it answered {tag}: {string.Join(" / ", responses)}"));
        }
        while (!responses[^1].StartsWith(tag + " ", StringComparison.Ordinal));

        return responses;
    }

    /// <summary>As <see cref="RunAsync"/>; the reply must be OK.</summary>
    public async Task<IReadOnlyList<string>> OkAsync(string command)
    {
        var responses = await RunAsync(command);
        Assert.That(responses[^1].Split(' ')[1], Is.EqualTo("OK"), $"{command}: {responses[^1]}");
        return responses;
    }

    /// <summary>A response with the octets of its literals in their place; null at the end.</summary>
    public async Task<string?> ReadResponseAsync()
    {
        var response = new StringBuilder();
        while (await ReadLineAsync() is { } line)
        {
            response.Append(line);
            if (!line.EndsWith('}') || line.LastIndexOf('{') is not (>= 0 and var open) || line.AsSpan((open + 1)..^1).ContainsAnyExceptInRange('0', '9'))
            {
                return response.ToString();
            }

            var size = int.Parse(line.AsSpan((open + 1)..^1), NumberStyles.None, CultureInfo.InvariantCulture);
            response.Append("\r\n").Append(Encoding.Latin1.GetString(await ReadAsync(size)));
        }

        return response.Length == 0 ? null : throw new IOException("The server closed within a response.");
    }

    public async Task<string?> ReadLineAsync()
    {
        for (var scanned = 0; ;)
        {
            var end = _received.IndexOf((byte)'\n', scanned);
            if (end > 0 && _received[end - 1] == '\r')
            {
                return Encoding.Latin1.GetString(Take(end + 1).AsSpan()[..^2]);
            }

            scanned = _received.Count;
            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    public async Task<byte[]> ReadAsync(int count)
    {
        while (_received.Count < count)
        {
            if (!await FillAsync())
            {
                throw new IOException("The server closed within a literal.");
            }
        }

        return Take(count);
    }

    public async ValueTask DisposeAsync()
    {
        await connection.Client.DisposeAsync();
        try
        {
            await session;
        }
        catch (IOException)
        {
            // Expected when the client left with something unread.
        }
    }

    private byte[] Take(int count)
    {
        var taken = _received.GetRange(0, count).ToArray();
        _received.RemoveRange(0, count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        int count;
        try
        {
            count = await connection.Client.ReadAsync(_chunk);
        }
        catch (IOException)
        {
            return false;
        }

        _received.AddRange(_chunk.AsSpan(0, count));
        return count > 0;
    }
}
