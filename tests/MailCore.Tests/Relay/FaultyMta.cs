using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailCore.Tests.Relay;

/// <summary>
/// A mail server on loopback that does as its part says, and otherwise what it is told at a stage: the reply to give, or "drop"
/// (close), "silence", or any garbage. What it has answered for with 2xx after the final dot is in <see cref="Taken"/>.
/// </summary>
/// <remarks>Stages: greeting, EHLO (LHLO), HELO, AUTH, MAIL, RCPT, DATA, body (after the first line), dot, BDAT, RSET.</remarks>
internal sealed class FaultyMta : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _faults = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _sessions = [];
    private readonly Task _accepting;

    public FaultyMta(params string[] keywords)
    {
        Keywords = keywords;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        _accepting = AcceptAsync();
    }

    public string[] Keywords { get; set; }

    public bool IsLmtp { get; set; }

    public string Name { get; set; } = "mx.example.org";

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Envelope recipients and octets of the messages answered for.</summary>
    public ConcurrentQueue<(string Recipients, string Text)> Taken { get; } = new();

    /// <summary>All lines that came, but for messages.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    public ConcurrentQueue<string> Silences { get; } = new();

    /// <summary>Addresses that connections came from.</summary>
    public ConcurrentQueue<string> Clients { get; } = new();

    public int Connections { get; private set; }

    /// <summary>The next time a session comes to this stage it does this; then the next, and its part when there is no more.</summary>
    public FaultyMta At(string stage, params string[] actions)
    {
        var queue = _faults.GetOrAdd(stage, static _ => new ConcurrentQueue<string>());
        foreach (var action in actions)
        {
            queue.Enqueue(action);
        }

        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                Connections++;
                Clients.Enqueue(((IPEndPoint)socket.RemoteEndPoint!).Address.ToString());
                _sessions.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            using var input = new StreamReader(stream, Encoding.Latin1);
            await new Session(this, stream, input).RunAsync(_stop.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private sealed class Session(FaultyMta mta, NetworkStream stream, StreamReader input)
    {
        private readonly List<string> _recipients = [];
        private bool _hasMail;

        public async Task RunAsync(CancellationToken stop)
        {
            await AnswerAsync("greeting", $"220 {mta.Name} ESMTP", stop);
            while (await input.ReadLineAsync(stop) is { } line)
            {
                mta.Commands.Enqueue(line);
                var verb = line.Split(' ')[0].ToUpperInvariant();
                if (verb == "QUIT")
                {
                    await SayAsync("221 bye", stop);
                    return;
                }

                await DoAsync(verb, line, stop);
            }
        }

        private async Task DoAsync(string verb, string line, CancellationToken stop)
        {
            switch (verb)
            {
                case "EHLO" or "LHLO":
                    string[] lines = [mta.Name, .. mta.Keywords];
                    await AnswerAsync(verb, string.Join("\r\n", lines.Select((one, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{one}")), stop);
                    return;
                case "MAIL" or "RSET":
                    _recipients.Clear();
                    _hasMail = await AnswerAsync(verb, "250 2.0.0 ok", stop) is ['2', ..] && verb == "MAIL";
                    return;
                case "RCPT" when !_hasMail:
                    await SayAsync("503 5.5.1 MAIL first", stop);
                    return;
                case "RCPT":
                    if (await AnswerAsync(verb, "250 2.1.5 ok", stop) is ['2', ..])
                    {
                        _recipients.Add(line[9..line.IndexOf('>')]);
                    }

                    return;
                case "DATA":
                    if (await AnswerAsync(verb, _recipients.Count == 0 ? "554 5.5.1 no recipients" : "354 go", stop) is ['3', ..])
                    {
                        await EndAsync("dot", await ReadDataAsync(stop), stop);
                    }

                    return;
                case "BDAT":
                    var octets = new char[int.Parse(line.Split(' ')[1])];
                    await input.ReadBlockAsync(octets, stop);
                    await EndAsync("BDAT", new string(octets), stop);
                    return;
                default:
                    await AnswerAsync(verb, verb == "AUTH" ? "235 2.7.0 ok" : "250 ok", stop);
                    return;
            }
        }

        private async Task<string> ReadDataAsync(CancellationToken stop)
        {
            var text = new StringBuilder();
            while (await input.ReadLineAsync(stop) is { } line && line != ".")
            {
                if (text.Length == 0 && mta.Take("body") is { } action)
                {
                    await ActAsync("body", action, stop);
                }

                text.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
            }

            return text.ToString();
        }

        private async Task EndAsync(string stage, string text, CancellationToken stop)
        {
            foreach (var recipients in mta.IsLmtp ? _recipients.ToArray() : [string.Join(' ', _recipients)])
            {
                if (await AnswerAsync(stage, "250 2.0.0 taken", stop) is ['2', ..])
                {
                    mta.Taken.Enqueue((recipients, text));
                }
            }

            _recipients.Clear();
        }

        private async Task<string> AnswerAsync(string stage, string usual, CancellationToken stop)
        {
            var reply = mta.Take(stage) ?? usual;
            if (reply is "drop" or "silence")
            {
                await ActAsync(stage, reply, stop);
            }

            await SayAsync(reply, stop);
            if (reply.StartsWith("421", StringComparison.Ordinal))
            {
                throw new IOException("bye");
            }

            return reply;
        }

        private async Task ActAsync(string stage, string action, CancellationToken stop)
        {
            if (action == "silence")
            {
                mta.Silences.Enqueue(stage);
                await Task.Delay(Timeout.Infinite, stop);
            }
            else if (action == "drop")
            {
                throw new IOException("dropped");
            }

            await SayAsync(action, stop);
        }

        private async Task SayAsync(string text, CancellationToken stop) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text + "\r\n"), stop);
    }

    private string? Take(string stage) => _faults.TryGetValue(stage, out var queue) && queue.TryDequeue(out var action) ? action : null;
}
