using System.Diagnostics;
using MailCore.Load.Linux;

namespace MailCore.Load.Client;

/// <summary>A client connection that is told when its socket is ready.</summary>
internal interface IPolled
{
    /// <summary>The socket's, or -1 once all is done.</summary>
    int Descriptor { get; }

    /// <summary>Whether it waits for room to send, instead of an answer.</summary>
    bool IsSending { get; }

    /// <summary>In words, what it waits for.</summary>
    string Waiting { get; }

    void OnReady();
}

/// <summary>
/// Runs all connections from one thread and allocates nothing while it does: two processors are shared with the server, so what
/// the client saves is the server's.
/// </summary>
internal static class PollLoop
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns when no connection has a socket any more.</summary>
    /// <exception cref="IOException">No server reply for too long.</exception>
    public static void Run(IPolled[] connections, CancellationToken cancellationToken)
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
