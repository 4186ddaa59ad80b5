using System.Diagnostics;
using System.Text;

namespace MailCore.Load.Client;

/// <summary>One SMTP client connection as a state machine: each reply sends the next command.</summary>
internal sealed class LoadConnection(LoadWork work, int index) : PolledConnection(work.Target.Port)
{
    private enum Step
    {
        Greeting,
        Ehlo,
        Mail,
        Recipient,
        Data,
        Message,
        Quit,
    }

    private static readonly byte[] Lhlo = "LHLO client.example\r\n"u8.ToArray();
    private static readonly byte[] Ehlo = "EHLO client.example\r\n"u8.ToArray();
    private static readonly byte[] Mail = "MAIL FROM:<load@client.example>\r\n"u8.ToArray();
    private static readonly byte[] Data = "DATA\r\n"u8.ToArray();
    private static readonly byte[] Quit = "QUIT\r\n"u8.ToArray();

    private readonly byte[] _recipient = Encoding.ASCII.GetBytes($"RCPT TO:<u{index}@example.org>\r\n");
    private readonly LoadMessage _message = new(work.Target.MessageSize);
    private readonly byte[] _reply = new byte[4096];
    private Step _step;
    private int _filled;
    private long _number;
    private long _started;

    public override string Waiting => _step.ToString();

    public void Open()
    {
        Connect();
        _step = Step.Greeting;
        _filled = 0;
    }

    protected override void OnReadable()
    {
        var count = Receive(_reply.AsSpan(_filled));
        if (count == 0)
        {
            return;
        }

        _filled += count;
        if (IsWholeReply())
        {
            OnReply();
        }
        else if (_filled == _reply.Length)
        {
            throw new IOException($"The reply to {_step} does not end.");
        }
    }

    // RFC 5321 4.2.1: the last line of a reply has a space, or nothing, behind the code.
    private bool IsWholeReply()
    {
        var reply = _reply.AsSpan(0, _filled);
        if (reply[^1] != '\n')
        {
            return false;
        }

        var last = reply[(reply[..^1].LastIndexOf((byte)'\n') + 1)..];
        return last.Length < 4 || last[3] != '-';
    }

    private void OnReply()
    {
        var expected = _step == Step.Data ? (byte)'3' : (byte)'2';
        if (_reply[0] != expected)
        {
            throw new IOException($"The reply to {_step} was: {Encoding.ASCII.GetString(_reply, 0, _filled).TrimEnd()}");
        }

        _filled = 0;
        switch (_step)
        {
            case Step.Greeting:
                Send(Step.Ehlo, work.Target.IsLmtp ? Lhlo : Ehlo);
                break;
            case Step.Ehlo:
                SendNext();
                break;
            case Step.Mail:
                Send(Step.Recipient, _recipient);
                break;
            case Step.Recipient:
                Send(Step.Data, Data);
                break;
            case Step.Data:
                Send(Step.Message, _message.Number(_number));
                break;
            case Step.Message:
                work.Done(_started);
                if (work.Target.Kept)
                {
                    SendNext();
                }
                else
                {
                    Send(Step.Quit, Quit);
                }

                break;
            case Step.Quit:
                Dispose();
                if (!work.Target.Kept && work.HasNext)
                {
                    Open();
                }

                break;
        }
    }

    private void SendNext()
    {
        if (!work.HasNext)
        {
            Send(Step.Quit, Quit);
            return;
        }

        _number = work.TakeNumber();
        _started = Stopwatch.GetTimestamp();
        Send(Step.Mail, Mail);
    }

    private void Send(Step step, ReadOnlyMemory<byte> octets)
    {
        _step = step;
        Send(octets);
    }
}
