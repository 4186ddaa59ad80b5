using MailCore.Testing;

namespace MailCore.Tests.Scripts;

/// <summary>
/// A server for one playing of one script. The class for tests/scripts/foo/ is called FooScriptHost, implements this, has a
/// constructor that takes the <see cref="ProtocolScript"/> and refuses set-up words that it does not know.
/// </summary>
internal interface IScriptHost : IAsyncDisposable
{
    /// <summary>Accounts, messages and what else the script's headers ask for.</summary>
    Task StartAsync();

    /// <summary>A new client connection; "C" is the unnamed session.</summary>
    Task<ScriptPeer> ConnectAsync(string session);
}
