using System.Diagnostics;
using System.Text;
using MailCore.Load.Client;

namespace MailCore.Load.Mailboxes;

/// <summary>One client connection that goes through its dialog, a command at a time, on a socket that never blocks.</summary>
internal sealed class DialogConnection(DialogWork work, Dialog dialog, int port) : PolledConnection(port)
{
    private static readonly Step Greeting = new([], Answer.Line, Counts: false);
    private readonly AnswerScanner _scanner = new();
    private readonly byte[] _buffer = new byte[128 * 1024];
    private IEnumerator<Step>? _steps;
    private long _opened;
    private long _started;

    public override string Waiting => _steps is null ? "nothing" : Encoding.UTF8.GetString(_steps.Current.Octets.AsSpan(0, Math.Min(40, _steps.Current.Octets.Length))).TrimEnd();

    public void Open()
    {
        _opened = Stopwatch.GetTimestamp();
        Connect();
        _steps = Steps().GetEnumerator();
        _steps.MoveNext();
        _scanner.Begin(Answer.Line);
    }

    protected override void OnReadable()
    {
        var count = Receive(_buffer);
        work.Received += count;
        if (_scanner.Take(_buffer.AsSpan(0, count)))
        {
            OnAnswer();
        }
    }

    private IEnumerable<Step> Steps()
    {
        yield return Greeting;
        foreach (var step in dialog.Begin)
        {
            yield return step;
        }

        do
        {
            if (!work.TryTake())
            {
                break;
            }

            foreach (var step in dialog.Loop)
            {
                yield return step;
            }
        }
        while (!dialog.Reconnects);

        foreach (var step in dialog.End)
        {
            yield return step;
        }
    }

    private void OnAnswer()
    {
        if (!_scanner.IsOk)
        {
            throw new IOException($"The answer to \"{Waiting}\" was: {_scanner.Status}");
        }

        if (_steps!.Current.Counts && !dialog.Reconnects)
        {
            work.Done(_started);
        }

        if (_steps.MoveNext())
        {
            _started = Stopwatch.GetTimestamp();
            _scanner.Begin(_steps.Current.Answer);
            Send(_steps.Current.Octets);
            return;
        }

        Dispose();
        if (dialog.Reconnects)
        {
            work.Done(_opened);
            if (work.HasNext)
            {
                Open();
            }
        }
    }
}

/// <summary>What the connections of one run share: the repetitions left and the times of what was done. Single-threaded.</summary>
internal sealed class DialogWork(int repetitions)
{
    private readonly List<long> _ticks = [];
    private int _left = repetitions;

    public long Received { get; set; }

    public long LastAnswer { get; private set; }

    public bool HasNext => _left > 0;

    public int Operations => _ticks.Count;

    public bool TryTake() => _left-- > 0;

    public void Done(long started)
    {
        LastAnswer = Stopwatch.GetTimestamp();
        _ticks.Add(LastAnswer - started);
    }

    public IReadOnlyList<TimeSpan> Latencies()
    {
        _ticks.Sort();
        return [.. _ticks.Select(ticks => Stopwatch.GetElapsedTime(0, ticks))];
    }
}
