using System.Diagnostics;
using System.Globalization;
using MailCore.Load.Linux;
using MailCore.Load.Peers;

namespace MailCore.Load.Mixed;

/// <summary>Starts server, Postfix and clients, lets them work, waits until the queues are empty, starts the server again and counts.</summary>
internal sealed class MixedRun(MixedOptions options, string root)
{
    private const int Strangers = 4;
    private const int Submitters = 2;
    private const double SubmissionsPerMessage = 1 / 3.0;
    private const int ImapUsers = 4;
    private const int SampleSeconds = 10;
    private static readonly TimeSpan LastSessions = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan QueueTime = TimeSpan.FromMinutes(3);
    private readonly ServerLog _log = new();
    private readonly List<ProcessSample> _samples = [];
    private readonly string _server = Directory.CreateDirectory(Path.Combine(root, "server")).FullName;
    private readonly string _maildirs = Directory.CreateDirectory(Path.Combine(root, "mail")).FullName;

    private string Data => Path.Combine(_server, "data");

    public async Task<MixedResult> RunAsync(CancellationToken stop)
    {
        var program = FindProgram(options.Server);
        var postfixFolder = Directory.CreateDirectory(Path.Combine(root, "postfix")).FullName;
        File.SetUnixFileMode(postfixFolder, File.GetUnixFileMode(root));
        File.SetUnixFileMode(_maildirs, File.GetUnixFileMode(root));
        await using var postfix = await PostfixServer.StartReceivingAsync(postfixFolder, _maildirs, MixedSite.Elsewhere, MixedSite.OutsideUsers, stop);
        await ApplianceProcess.ConfigureAsync(_server, postfix.Port, stop);
        var accounts = MixedSite.MakeAccounts(new Random(options.Seed));
        foreach (var account in accounts)
        {
            await ApplianceProcess.RunVerbAsync(program, _server, ["account", "add", account.Address, "--password", "-"], account.Password);
        }

        var machine = MachineUsage.Read();
        var (site, seconds, cpu, exitCode) = await RunClientsAsync(program, accounts, stop);
        var queue = await ApplianceProcess.RunVerbAsync(program, _server, ["queue", "list"]);
        await CountAsync(site, program, stop);
        return new MixedResult
        {
            Site = site,
            Judgement = site.Ledger.Judge(),
            Flatness = new Flatness(_samples, options.Time),
            Log = _log.Groups,
            Time = seconds,
            ServerCpu = cpu,
            Machine = MachineUsage.Read() - machine,
            ExitCode = exitCode,
            Queue = queue.Trim(),
        };
    }

    private static string FindProgram(string? given)
    {
        if (given is not null)
        {
            return Path.GetFullPath(given);
        }

        // benchmarks/MailCore.Load/bin/Release/net10.0/
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(framework.FullName, "..", "..", "..", "..", "..", "samples", "MailServer", "bin", framework.Parent!.Name, framework.Name, "MailServer.dll");
        return File.Exists(program) ? Path.GetFullPath(program) : throw new IOException($"There is no {program}; --server says where it is.");
    }

    private async Task<(MixedSite Site, TimeSpan Time, TimeSpan Cpu, int ExitCode)> RunClientsAsync(string program, IReadOnlyList<MixedAccount> accounts, CancellationToken stop)
    {
        await using var server = await ApplianceProcess.StartAsync(program, _server, _log, stop);
        var site = new MixedSite { Options = options, Ports = server.Ports, Accounts = accounts };
        await new MailboxScan(site, server.Ports, stop).PrepareAsync();
        var started = Stopwatch.StartNew();
        var cpu = ProcessUsage.Read(server.Id).Cpu;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var postfixOver = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var hard = CancellationTokenSource.CreateLinkedTokenSource(stop);
        over.CancelAfter(options.Time);
        var collecting = Task.Run(() => new PostfixMail(_maildirs, site.Ledger, site.Observations).RunAsync(postfixOver.Token), CancellationToken.None);
        var sampling = SampleAsync(server, started, over.Token);
        var clients = Clients(site).Select((client, number) => Task.Run(() => new ClientLoop(client, site, number).RunAsync(over.Token, hard.Token), CancellationToken.None)).ToArray();
        await sampling;
        hard.CancelAfter(LastSessions);
        await Task.WhenAll(clients);
        var (time, used) = (started.Elapsed, ProcessUsage.Read(server.Id).Cpu - cpu);
        await WaitForQueuesAsync(site, stop);
        await postfixOver.CancelAsync();
        await collecting;
        stop.ThrowIfCancellationRequested();
        return (site, time, used, await server.StopAsync());
    }

    private IEnumerable<IMixedClient> Clients(MixedSite site)
    {
        for (var i = 0; i < Strangers; i++)
        {
            yield return new StrangerClient(site, options.Rate / Strangers);
        }

        for (var i = 0; i < Submitters; i++)
        {
            yield return new SubmitterClient(site, options.Rate * SubmissionsPerMessage / Submitters);
        }

        for (var i = 0; i < ImapUsers; i++)
        {
            yield return new ImapUser(site);
        }

        yield return new ImapRemover(site);
        yield return new Pop3Remover(site);
    }

    private async Task SampleAsync(ApplianceProcess server, Stopwatch started, CancellationToken over)
    {
        using var heap = new HeapCounter(server.Id, everySeconds: 2);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(SampleSeconds));
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                if (server.HasExited)
                {
                    throw new IOException($"The server ended: {_log.Last}");
                }

                var sample = ProcessSample.Read(server.Id, started.Elapsed, heap.Megabytes, Data);
                _samples.Add(sample);
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{sample.Time:hh\\:mm\\:ss} RSS {sample.Resident:F0} PSS {sample.Proportional:F0} heap {sample.Heap:F0} MB, {sample.Descriptors} files, {sample.Threads} threads, folder {sample.Folder:F0} MB, CPU {sample.Cpu.TotalSeconds:F0} s"));
            }
        }
        catch (OperationCanceledException)
        {
            // Time is over.
        }
    }

    // Until all that was taken for elsewhere has come there, and each report about what was refused there has come back.
    private static async Task WaitForQueuesAsync(MixedSite site, CancellationToken stop)
    {
        var started = Stopwatch.StartNew();
        while (started.Elapsed < QueueTime && site.Ledger.Copies.Any(copy => copy.IsLost && copy.Owner.EndsWith(MixedSite.Elsewhere, StringComparison.Ordinal)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
        }
    }

    private async Task CountAsync(MixedSite site, string program, CancellationToken stop)
    {
        await using var server = await ApplianceProcess.StartAsync(program, _server, _log, stop);
        var scan = new MailboxScan(site, server.Ports, stop);
        if (options.Sabotage)
        {
            await scan.SabotageAsync();
        }

        await scan.RunAsync();
        await server.StopAsync();
    }
}

/// <summary>All that a run has shown.</summary>
internal sealed record MixedResult
{
    public required MixedSite Site { get; init; }

    public required Judgement Judgement { get; init; }

    public required Flatness Flatness { get; init; }

    public required IReadOnlyList<LogGroup> Log { get; init; }

    public required TimeSpan Time { get; init; }

    public required TimeSpan ServerCpu { get; init; }

    public required MachineUsage Machine { get; init; }

    /// <summary>Of the server, stopped by SIGTERM.</summary>
    public required int ExitCode { get; init; }

    /// <summary>What the verb says of the queue at the end.</summary>
    public required string Queue { get; init; }

    public bool IsGood => Judgement.IsGood && Flatness.IsFlat && ExitCode == 0 && Log.All(group => group.Explanation is not null) && !Site.Observations.Surprises.Any();
}
