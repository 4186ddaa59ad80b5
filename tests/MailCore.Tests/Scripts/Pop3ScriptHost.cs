using MailCore.Pop3;
using MailCore.Testing;
using MailCore.Tests.Pop3;
using MailCore.Tls;

namespace MailCore.Tests.Scripts;

/// <summary>
/// <c># server: pop3</c> with <c>user=name:password</c>, <c>tls=none|opportunistic|required</c>, <c>cleartext=no</c> (logins need
/// TLS), <c>maildrop=shared</c>, <c>uidl=dovecot</c>, <c>bad=n</c>, <c>failures=n</c>, <c>utf8=refuse</c>, <c>expire=days</c>,
/// <c>delay=seconds</c> between logins and <c>implementation=name</c>, or none; <c># message: octets</c> with escapes is put into the
/// first user's inbox.
/// </summary>
internal sealed class Pop3ScriptHost : IScriptHost
{
    private readonly ProtocolScript _script;
    private readonly Pop3TestServer _server;

    public Pop3ScriptHost(ProtocolScript script)
    {
        _script = script;
        var words = script.Server;
        if (words.Except("pop3", "user", "tls", "cleartext", "maildrop", "uidl", "bad", "failures", "utf8", "expire", "delay", "implementation").ToList() is [var unknown, ..])
        {
            throw new ArgumentException($"{script.File}: \"{unknown}\" is no set-up word of POP3.");
        }

        var mode = Enum.Parse<TlsMode>(words.Value("tls") ?? "none", ignoreCase: true);
        _server = new Pop3TestServer(new TlsPolicy(mode) { AllowCleartextAuthentication = words.Value("cleartext") != "no" });
        var options = _server.Options;
        options.MailDropMode = Enum.Parse<Pop3MailDropMode>(words.Value("maildrop") ?? "exclusive", ignoreCase: true);
        options.UniqueIds = Enum.Parse<Pop3UniqueIdFormat>(words.Value("uidl") ?? "dotted", ignoreCase: true);
        options.WithoutUtf8 = Enum.Parse<Pop3Utf8Rule>(words.Value("utf8") ?? nameof(Pop3Utf8Rule.AsStored), ignoreCase: true);
        options.ExpireDays = Number("expire");
        options.LoginDelay = TimeSpan.FromSeconds(Number("delay") ?? 0);
        options.Implementation = words.Value("implementation") is { } name ? name == "none" ? null : name : options.Implementation;
        options.MaxBadCommands = Number("bad") ?? options.MaxBadCommands;
        options.MaxBadCommandsBeforeLogin = Number("bad") ?? options.MaxBadCommandsBeforeLogin;
        options.MaxLoginFailures = Number("failures") ?? options.MaxLoginFailures;
        return;

        int? Number(string key) => words.Value(key) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    public async Task StartAsync()
    {
        string? first = null;
        foreach (var user in _script.Server.Values("user").Select(static value => value.Split(':', 2)))
        {
            first ??= user[0];
            _server.AddUser(user[0], user[1]);
        }

        foreach (var message in _script.Header("message"))
        {
            await _server.AppendAsync(first!, ProtocolScript.Unescape(message));
        }
    }

    public Task<ScriptPeer> ConnectAsync(string session)
    {
        var (connection, served) = _server.Connect();
        return Task.FromResult(ScriptPeer.Over(connection, served, Pop3TestServer.ClientTls));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
