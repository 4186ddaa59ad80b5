using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;

namespace MailCore.Load.Mixed;

/// <summary>A kind of client: one session after the other, each over a connection of its own.</summary>
internal interface IMixedClient
{
    /// <summary>For the counts.</summary>
    string Name { get; }

    /// <summary>One session from connection to goodbye, and how long until the next may begin, counted from its own beginning.</summary>
    Task<TimeSpan> RunSessionAsync(Random random, Fuse fuse, CancellationToken stop);
}

/// <summary>Runs a client until it is over, and tells cuts from errors.</summary>
internal sealed class ClientLoop(IMixedClient client, MixedSite site, int number)
{
    private static readonly TimeSpan MostArrears = TimeSpan.FromSeconds(10);

    /// <param name="over">No session begins any more.</param>
    /// <param name="stop">Sessions that still run end.</param>
    public async Task RunAsync(CancellationToken over, CancellationToken stop)
    {
        var random = new Random(HashCode(site.Options.Seed, number));
        var clock = Stopwatch.StartNew();
        var next = TimeSpan.Zero;
        while (!over.IsCancellationRequested)
        {
            next = TimeSpan.FromTicks(Math.Max(next.Ticks, (clock.Elapsed - MostArrears).Ticks));
            try
            {
                await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (next - clock.Elapsed).Ticks)), over);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            next += await RunSessionAsync(random, stop);
        }
    }

    private async Task<TimeSpan> RunSessionAsync(Random random, CancellationToken stop)
    {
        var fuse = Fuse.Draw(random, site.Options.Cuts);
        try
        {
            site.Observations.Count($"{client.Name}: sessions");
            return await client.RunSessionAsync(random, fuse, stop);
        }
        catch (Exception error) when (fuse.IsBlown && error is IOException or SocketException or ObjectDisposedException or AuthenticationException or InvalidOperationException)
        {
            site.Observations.Count($"{client.Name}: cut");
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            site.Observations.Count($"{client.Name}: ended at the end");
        }
        catch (Exception error) when (error is UnexpectedReplyException or TimeoutException or IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            site.Observations.Surprise(client.Name, error);
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} {client.Name} {number}: {error.Message}"));
        }

        return TimeSpan.FromSeconds(0.1);
    }

    // The same in every process, which HashCode.Combine is not.
    private static int HashCode(int seed, int number) => seed * 7919 + number;
}
