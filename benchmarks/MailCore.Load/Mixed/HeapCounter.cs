using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace MailCore.Load.Mixed;

/// <summary>Hears from another process's runtime how large its managed heap is, as dotnet-counters does.</summary>
internal sealed class HeapCounter : IDisposable
{
    private readonly EventPipeSession _session;
    private readonly Thread _reading;
    private double _megabytes = double.NaN;

    public HeapCounter(int processId, int everySeconds)
    {
        var counters = new EventPipeProvider("System.Runtime", EventLevel.Informational, 0, new Dictionary<string, string> { ["EventCounterIntervalSec"] = everySeconds.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        _session = new DiagnosticsClient(processId).StartEventPipeSession([counters], requestRundown: false, circularBufferMB: 1);
        _reading = new Thread(Read) { IsBackground = true };
        _reading.Start();
    }

    /// <summary>The last that was heard, as GC.GetTotalMemory counts; NaN before the first.</summary>
    public double Megabytes => Volatile.Read(ref _megabytes);

    public void Dispose() => _session.Dispose();

    private void Read()
    {
        try
        {
            using var source = new EventPipeEventSource(_session.EventStream);
            source.Dynamic.All += Take;
            source.Process();
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or FormatException)
        {
            // The process or the session has ended.
        }
    }

    private void Take(TraceEvent counter)
    {
        if (counter.EventName == "EventCounters" && counter.PayloadValue(0) is IDictionary<string, object> value && value["Payload"] is IDictionary<string, object> fields
            && fields["Name"] is "gc-heap-size")
        {
            Volatile.Write(ref _megabytes, Convert.ToDouble(fields["Mean"], System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
