using System.Diagnostics;
using System.Globalization;
using MailCore.Load.Client;
using MailCore.Load.Linux;

namespace MailCore.Load.Servers;

/// <summary>Postfix's smtp-sink.</summary>
internal sealed class SmtpSink : IMailSink
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private readonly bool _counting;
    private readonly Task _reading;
    private Goal? _goal;
    private long _count;

    private SmtpSink(Process process, bool counting)
    {
        (_process, _counting) = (process, counting);
        _reading = Task.Run(ReadCounterAsync);
    }

    public string Name => "smtp-sink";

    public ProcessUsage Usage => ProcessUsage.Read(_process.Id);

    public int Port { get; private set; }

    /// <param name="counting">Whether it counts what it takes, which costs it a write per message and so is for checks alone.</param>
    /// <param name="cancellationToken">Ends the wait for its port.</param>
    public static async Task<SmtpSink> StartAsync(bool counting, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(PostfixTool.Find("smtp-sink")) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (counting)
        {
            start.ArgumentList.Add("-c");
        }

        if (Environment.UserName == "root")
        {
            // It refuses to stay root.
            start.ArgumentList.Add("-u");
            start.ArgumentList.Add("nobody");
        }

        start.ArgumentList.Add("127.0.0.1:0");
        start.ArgumentList.Add("512");
        var sink = new SmtpSink(Process.Start(start)!, counting);
        try
        {
            var started = Stopwatch.GetTimestamp();
            while ((sink.Port = ListeningPort.Find(sink._process.Id)) == 0)
            {
                if (sink._process.HasExited || Stopwatch.GetElapsedTime(started) > StartTime)
                {
                    throw new IOException("smtp-sink does not listen. " + (sink._process.HasExited ? await sink._process.StandardError.ReadToEndAsync(cancellationToken) : ""));
                }

                await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
            }

            return sink;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    /// <summary>The timestamp (<see cref="Stopwatch"/>) at which it has counted this many. One at a time.</summary>
    public Task<long> WhenCounted(long count)
    {
        var wanted = new Goal(count);
        Volatile.Write(ref _goal, wanted);
        wanted.Look(Volatile.Read(ref _count));
        return wanted.Reached;
    }

    public async Task<long?> CountAsync(CancellationToken cancellationToken)
    {
        if (!_counting)
        {
            return null;
        }

        // It counts before it replies, but we read its output after the reply.
        var settled = -1L;
        while (settled != Volatile.Read(ref _count))
        {
            settled = Volatile.Read(ref _count);
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }

        return settled;
    }

    public Task<long?> ReadAsync(RuntimeFigure figure, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        await _reading;
        _process.Dispose();
    }

    // With -c it writes "sess=1 quit=1 mesg=20" over and over, with carriage returns between.
    private async Task ReadCounterAsync()
    {
        var buffer = new char[4096];
        var rest = "";
        int count;
        while ((count = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            rest += new string(buffer, 0, count);
            var end = rest.LastIndexOf('\r');
            if (end < 0)
            {
                continue;
            }

            var last = rest[..end];
            rest = rest[(end + 1)..];
            if (last.LastIndexOf("mesg=", StringComparison.Ordinal) is >= 0 and var at)
            {
                var counted = long.Parse(last.AsSpan(at + 5), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
                Volatile.Write(ref _count, counted);
                Volatile.Read(ref _goal)?.Look(counted);
            }
        }
    }

    private sealed class Goal(long count)
    {
        private readonly TaskCompletionSource<long> _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<long> Reached => _reached.Task;

        public void Look(long counted)
        {
            if (counted >= count)
            {
                _reached.TrySetResult(Stopwatch.GetTimestamp());
            }
        }
    }
}
