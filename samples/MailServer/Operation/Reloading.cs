using MailCore;
using MailCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MailServerSample.Operation;

/// <summary>Reads the configuration anew, by SIGHUP and when its files change. One that is wrong is refused and the old one goes on.</summary>
internal sealed partial class Reloading : IAsyncDisposable
{
    /// <summary>Editors write in several steps, and people save twice.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _end = new();
    private readonly IHost _host;
    private readonly MailServer _server;
    private readonly string[] _args;
    private readonly Supervision _supervision;
    private readonly ReloadRequests _requests;
    private readonly ILogger _logger;
    private readonly Task _working;

    public Reloading(IHost host, string[] args, Supervision supervision, ReloadRequests requests)
    {
        (_host, _args, _supervision, _requests) = (host, args, supervision, requests);
        _server = host.Services.GetRequiredService<MailServer>();
        _logger = host.Services.GetRequiredService<ILogger<MailServer>>();
        requests.OnHangUp(host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication);
        if (requests.WatchProblem is { } problem)
        {
            LogNotWatched(problem);
        }

        _working = WorkAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _working;
        _end.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            while (await _requests.Reader.WaitToReadAsync(_end.Token))
            {
                var reason = "";
                do
                {
                    while (_requests.Reader.TryRead(out var next))
                    {
                        reason = next;
                    }

                    await Task.Delay(Calm, _end.Token);
                }
                while (_requests.Reader.TryPeek(out _));
                await ReloadAsync(reason);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ReloadAsync(string reason)
    {
        LogReload(reason);
        _supervision.ReloadBegins();
        try
        {
            var report = await TakeUpAsync();
            _supervision.ReloadEnds(isRefused: false, [
                report.Changed.Count == 0 ? "Nothing of the configuration has changed." : $"In effect: {string.Join(", ", report.Changed)}.",
                .. report.Pending.Count == 0 ? Array.Empty<string>() : [$"After a restart: {string.Join(", ", report.Pending)}."],
            ]);
        }
        catch (Exception error) when (StartFailure.Explain(error, "Can't reload") is { } message)
        {
            // The server has said so itself where it was asked.
            LogRefused(message);
            _supervision.ReloadEnds(isRefused: true, message.Split(Environment.NewLine));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(error);
            _supervision.ReloadEnds(isRefused: true, ["It failed; the log tells why."]);
        }
    }

    private async Task<ReloadReport> TakeUpAsync()
    {
        var next = Appliance.MakeBuilder(_args);
        var settings = Appliance.ReadSettings(next, _args);
        var moved = await MovedAccounts.ReadAsync(settings);
        var report = await _server.ReloadAsync(mail => Appliance.Compose(mail, settings, next.Configuration), _end.Token);
        await Appliance.SetPasswordsAsync(_host.Services, settings);
        await MovedAccounts.ImportAsync(_host.Services, moved);
        // Levels of the log follow it.
        ((IConfigurationRoot)_host.Services.GetRequiredService<IConfiguration>()).Reload();
        return report;
    }

    [LoggerMessage(EventId = 9004, Level = LogLevel.Information, Message = "Reading the configuration anew: {Reason}")]
    private partial void LogReload(string reason);

    [LoggerMessage(EventId = 9005, Level = LogLevel.Error, Message = "The old configuration goes on. {Message}")]
    private partial void LogRefused(string message);

    [LoggerMessage(EventId = 9006, Level = LogLevel.Error, Message = "The configuration could not be read anew")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(EventId = 9007, Level = LogLevel.Warning, Message = "Changes of the settings files are not noticed: {Reason}. SIGHUP and 'MailServer reload' work")]
    private partial void LogNotWatched(string reason);
}
