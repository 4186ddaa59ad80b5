using System.Diagnostics.Metrics;

namespace MailCore.Authentication;

/// <summary>Meter "MailCore.Authentication". docs/diagnostics.md is the table.</summary>
internal sealed class LoginMetrics : IDisposable
{
    public const string MeterName = "MailCore.Authentication";

    private readonly Meter _meter;
    private readonly bool _isOwn;
    private readonly Counter<long> _logins;
    private readonly Counter<long> _bans;

    public LoginMetrics(IMeterFactory? meters, LoginBans bans)
    {
        (_meter, _isOwn) = meters is null ? (new Meter(MeterName), true) : (meters.Create(MeterName), false);
        _logins = _meter.CreateCounter<long>("mailcore.logins", "{login}", "Logins by protocol, mechanism and result");
        _bans = _meter.CreateCounter<long>("mailcore.login.bans", "{ban}", "Bans that failed logins have brought about");
        _meter.CreateObservableGauge("mailcore.login.bans.active", () => bans.List().Count, "{ban}", "Bans that hold now");
    }

    public void Login(string protocol, string mechanism, string result) => _logins.Add(
        1,
        new KeyValuePair<string, object?>("protocol", protocol),
        new KeyValuePair<string, object?>("mechanism", mechanism),
        new KeyValuePair<string, object?>("result", result));

    public void Banned(string kind) => _bans.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public void Dispose()
    {
        if (_isOwn)
        {
            _meter.Dispose();
        }
    }
}
