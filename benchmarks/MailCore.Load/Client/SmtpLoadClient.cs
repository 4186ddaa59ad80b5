using System.Diagnostics;
using MailCore.Load.Linux;

namespace MailCore.Load.Client;

/// <summary>
/// Sends over non-blocking sockets from one thread, one command at a time on each connection (no pipelining), and allocates
/// nothing while it does: two processors are shared with the server, so what the client saves is the server's.
/// </summary>
internal sealed class SmtpLoadClient : ILoadClient
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
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

            Run(connections, cancellationToken);
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

    private static void Run(LoadConnection[] connections, CancellationToken cancellationToken)
    {
        var entries = new LibC.PollEntry[connections.Length];
        var heard = Stopwatch.GetTimestamp();
        while (true)
        {
            var open = false;
            for (var i = 0; i < connections.Length; i++)
            {
                // poll passes over negative descriptors.
                entries[i] = new LibC.PollEntry { Descriptor = connections[i].Descriptor, Events = connections[i].IsSending ? LibC.PollOut : LibC.PollIn };
                open |= entries[i].Descriptor >= 0;
            }

            if (!open)
            {
                return;
            }

            if (LibC.Poll(entries, Look) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Stopwatch.GetElapsedTime(heard) > Stall)
                {
                    throw new IOException($"No server reply in {Stall.TotalSeconds} s; waiting for {string.Join(", ", connections.Select(connection => connection.Waiting).Distinct())}.");
                }

                continue;
            }

            heard = Stopwatch.GetTimestamp();
            for (var i = 0; i < connections.Length; i++)
            {
                if (entries[i].Returned != 0)
                {
                    connections[i].OnReady();
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
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
