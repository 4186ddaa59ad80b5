using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MailServerSample.Operation;

namespace MailServerSample.Verbs;

/// <summary>What is asked of the running server.</summary>
internal static partial class ServerVerbs
{
    private const int HangUp = 1;

    private static readonly TimeSpan ReloadPatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(5);

    public static Verb Status { get; } = new(
        "status",
        "[--probe yes]",
        "Says whether a server uses the mail folder and how it does. Exit code 0 when it is ready, 2 when it is not, 1 when there is none. The server may run meanwhile, of course.",
        [new("probe", "yes|no", "connect to every endpoint and read its greeting, too; for health checks")],
        StatusAsync);

    public static Verb Reload { get; } = new(
        "reload",
        "",
        "Makes the running server read its configuration anew (SIGHUP), and says what is in effect and what waits for a restart. Exit code 0 when it was taken, 2 when some of it waits for a restart, 1 when it was refused. The server may run meanwhile: it must.",
        [],
        ReloadAsync);

    private static async Task<int> StatusAsync(VerbContext context)
    {
        var status = Living(context);
        context.Say($"{status.HostName}: {status.State}, process {status.ProcessId} since {status.StartedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}Z");
        context.Say(string.Create(CultureInfo.InvariantCulture, $"{status.Sessions} sessions{(status.Queue is { } queue ? $", {queue} items in the queue" : ", no relay")}, {status.Reloads} reloads"));
        foreach (var line in status.LastReload)
        {
            context.Say($"  last reload{(status.LastReloadWasRefused ? ", refused" : "")}: {line}");
        }

        var isWell = status.State == "ready";
        var probes = DirectoryAccess.YesOrNo("probe", context.Arguments.Find("probe") ?? "no");
        foreach (var endpoint in status.Endpoints)
        {
            var problem = probes ? await ProbeAsync(endpoint.Split(' '), context.Stop) : null;
            context.Say($"  {endpoint}{(problem is not null ? $": {problem}" : probes ? ": answers" : "")}");
            isWell &= problem is null;
        }

        return isWell ? 0 : 2;
    }

    private static async Task<int> ReloadAsync(VerbContext context)
    {
        var before = Living(context);
        if (OperatingSystem.IsWindows())
        {
            throw DirectoryAccess.Refuse("Windows has no signals; a changed appsettings.json is noticed by itself.");
        }

        if (Kill(before.ProcessId, HangUp) != 0)
        {
            throw DirectoryAccess.Refuse($"Process {before.ProcessId} can't be signalled: {Marshal.GetLastPInvokeErrorMessage()}. Run this as its user, or as root.");
        }

        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < ReloadPatience)
        {
            await Task.Delay(100, context.Stop);
            var status = Living(context);
            if (status.Reloads == before.Reloads || status.State == "reloading")
            {
                continue;
            }

            foreach (var line in status.LastReload)
            {
                context.Say(line);
            }

            return status.LastReloadWasRefused ? 1 : status.LastReload.Any(static line => line.StartsWith("After a restart", StringComparison.Ordinal)) ? 2 : 0;
        }

        throw DirectoryAccess.Refuse($"Process {before.ProcessId} did not answer within {ReloadPatience.TotalSeconds:N0} s. Its log tells more.");
    }

    private static ServerStatus Living(VerbContext context) =>
        ServerStatus.ReadLiving(context.Folder) ?? throw DirectoryAccess.Refuse($"No server runs with the mail folder '{context.Folder}'.");

    /// <summary>What is wrong with an endpoint; null when its greeting came.</summary>
    private static async Task<string?> ProbeAsync(string[] endpoint, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(ProbePatience);
        try
        {
            var place = PlaceOf(endpoint[1]);
            using var socket = new Socket(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
            await socket.ConnectAsync(place, patience.Token);
            Stream stream = new NetworkStream(socket);
            if (endpoint[2] == "Implicit")
            {
                // Whether it answers is asked here, not whether it is who it says.
                var tls = new SslStream(stream, false, static (_, _, _, _) => true);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "" }, patience.Token);
                stream = tls;
            }

            await using (stream)
            {
                using var reader = new StreamReader(stream);
                var greeting = await reader.ReadLineAsync(patience.Token);
                return greeting is not null && (greeting.StartsWith("220", StringComparison.Ordinal) || greeting.StartsWith("* OK", StringComparison.Ordinal) || greeting.StartsWith("+OK", StringComparison.Ordinal))
                    ? null
                    : $"greets with '{greeting}'";
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return "does not answer in time";
        }
        catch (Exception error) when (error is SocketException or IOException or System.Security.Authentication.AuthenticationException)
        {
            return error.Message;
        }
    }

    private static EndPoint PlaceOf(string text)
    {
        if (!IPEndPoint.TryParse(text, out var place))
        {
            return new UnixDomainSocketEndPoint(text);
        }

        return place.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, place.Port)
            : place.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, place.Port)
            : place;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
