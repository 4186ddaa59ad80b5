using System.Diagnostics;
using System.Text;
using MailCore.Load.Client;

namespace MailCore.Load.Mailboxes;

/// <summary>
/// Sessions that wait in IDLE on one mailbox while another client appends to it. An operation is one session's hearing of one
/// message; its time runs from the sending of APPEND to the arrival of EXISTS, the store's flush included.
/// </summary>
internal sealed class IdleRun : IDisposable
{
    private const int MessageSize = 4 * 1024;
    private readonly DialogWork _work;
    private readonly IdleConnection[] _waiting;
    private readonly IdleConnection _appending;
    private readonly int _messages;
    private long _sent;
    private int _number;
    private int _expected;

    private IdleRun(int port, int sessions, int messages)
    {
        _messages = messages;
        _work = new DialogWork(messages);
        _appending = new IdleConnection(port, ["SELECT INBOX"], OnAnswer);
        _waiting = [.. Enumerable.Range(0, sessions).Select(_ => new IdleConnection(port, ["SELECT INBOX", "IDLE"], OnAnswer))];
    }

    public static DialogWork Run(int port, int sessions, int messages, CancellationToken cancellationToken)
    {
        using var run = new IdleRun(port, sessions, messages);
        IdleConnection[] all = [run._appending, .. run._waiting];
        // Each is ready when it has nothing more to say; then the first message goes.
        run._expected = all.Length;
        foreach (var connection in all)
        {
            connection.Open();
        }

        PollLoop.Run(all, cancellationToken);
        return run._work;
    }

    public void Dispose()
    {
        _appending.Dispose();
        Array.ForEach(_waiting, static waiting => waiting.Dispose());
    }

    private void OnAnswer(IdleConnection connection)
    {
        if (_sent != 0 && connection != _appending)
        {
            _work.Done(_sent);
        }

        if (--_expected > 0)
        {
            return;
        }

        if (_number++ == _messages)
        {
            Dispose();
            return;
        }

        _expected = _waiting.Length + 1;
        _sent = Stopwatch.GetTimestamp();
        _appending.Say(Step.Append("INBOX", SeedMessage.Create(_number, MessageSize)).Octets);
    }
}

/// <summary>Says what it has to say, one command after the other, and then tells of every line that it waits for.</summary>
internal sealed class IdleConnection(int port, IReadOnlyList<string> commands, Action<IdleConnection> onAnswer) : PolledConnection(port)
{
    private readonly Queue<string> _commands = new([$"LOGIN {MailboxHost.Address(0)} {MailboxHost.Password}", .. commands]);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private string _line = "";
    private bool _isReady;

    public override string Waiting => _isReady ? "news" : "login";

    public void Open() => Connect();

    public void Say(byte[] octets) => Send(octets);

    protected override void OnReadable()
    {
        var count = Receive(_buffer);
        _line += Encoding.ASCII.GetString(_buffer, 0, count);
        while (_line.IndexOf('\n') is >= 0 and var end && Descriptor >= 0)
        {
            var line = _line[..end];
            _line = _line[(end + 1)..];
            OnLine(line);
        }
    }

    private void OnLine(string line)
    {
        if (line.StartsWith("A NO", StringComparison.Ordinal) || line.StartsWith("A BAD", StringComparison.Ordinal))
        {
            throw new IOException($"The server answered {line.TrimEnd()}");
        }

        var isTagged = line.StartsWith("A OK", StringComparison.Ordinal) || line.StartsWith("+ ", StringComparison.Ordinal);
        if (_isReady)
        {
            // The one who appends waits for its own OK, the others for news.
            if (commands.Count == 1 ? isTagged : line.TrimEnd().EndsWith(" EXISTS", StringComparison.Ordinal))
            {
                onAnswer(this);
            }
        }
        else if (isTagged || line.StartsWith("* OK", StringComparison.Ordinal) && _commands.Count == commands.Count + 1)
        {
            if (_commands.TryDequeue(out var command))
            {
                Send(Encoding.ASCII.GetBytes($"A {command}\r\n"));
                return;
            }

            _isReady = true;
            onAnswer(this);
        }
    }
}
