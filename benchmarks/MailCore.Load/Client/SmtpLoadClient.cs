using System.Diagnostics;

namespace MailCore.Load.Client;

/// <summary>Sends over non-blocking sockets from one thread, one command at a time on each connection (no pipelining).</summary>
internal sealed class SmtpLoadClient : ILoadClient
{
    private long _number;

    public ClientRun Send(LoadTarget target, CancellationToken cancellationToken)
    {
        var work = new LoadWork(target, _number);
        _number += target.Messages;
        var connections = new LoadConnection[target.Connections];
        try
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < connections.Length; i++)
            {
                connections[i] = new LoadConnection(work, i);
                connections[i].Open();
            }

            PollLoop.Run(connections, cancellationToken);
            return new ClientRun(Stopwatch.GetElapsedTime(started, work.LastReply), work.Latencies());
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection?.Dispose();
            }
        }
    }
}

/// <summary>What the connections of one run share: the messages left to send and the times they took. Single-threaded.</summary>
internal sealed class LoadWork(LoadTarget target, long firstNumber)
{
    private readonly long[] _ticks = new long[target.Messages];
    private int _taken;
    private int _done;

    public LoadTarget Target => target;

    public long LastReply { get; private set; }

    public bool HasNext => _taken < target.Messages;

    public long TakeNumber() => firstNumber + _taken++;

    public void Done(long started)
    {
        LastReply = Stopwatch.GetTimestamp();
        _ticks[_done++] = LastReply - started;
    }

    public IReadOnlyList<TimeSpan> Latencies()
    {
        Array.Sort(_ticks);
        return Array.ConvertAll(_ticks, ticks => Stopwatch.GetElapsedTime(0, ticks));
    }
}
