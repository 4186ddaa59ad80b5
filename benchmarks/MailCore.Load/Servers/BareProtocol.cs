using MailCore.Net;

namespace MailCore.Load.Servers;

/// <summary>The bare loop on MailCore's connections and framer: what they cost without an engine above them.</summary>
internal sealed class BareProtocol : IMailProtocol
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private long _taken;

    public string Name => "bare";

    public ReadOnlyMemory<byte> BusyGreeting { get; } = "421 busy\r\n"u8.ToArray();

    public long Taken => Volatile.Read(ref _taken);

    public async Task RunAsync(MailConnection connection, CancellationToken stopping)
    {
        var output = connection.Transport.Output;
        using var framer = new LineFramer(connection.Transport.Input, TimeProvider.System);
        using var stop = stopping.UnsafeRegister(static state => ((LineFramer)state!).Interrupt(), framer);
        var session = new BareSession(output);
        await output.WriteAsync("220 bare\r\n"u8.ToArray(), CancellationToken.None);
        while (!session.IsOver && await framer.FillAsync(Patience) == FillResult.Data)
        {
            framer.Consume(session.Take(framer.Buffer));
            Interlocked.Add(ref _taken, session.TakeCount());
            await output.FlushAsync(CancellationToken.None);
        }
    }
}
