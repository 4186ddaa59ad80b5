using System.Globalization;
using System.Net.Security;
using System.Text.RegularExpressions;
using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Storage;
using MailCore.Testing;
using MailCore.Tests.Corpus;
using MailCore.Tests.Imap;
using MailCore.Tests.Storage.WrongStores;
using MailCore.Tls;

namespace MailCore.Tests.Scripts;

/// <summary>
/// The server of tests/scripts/imap. Set-up words: <c>tls=none|opportunistic|required|implicit</c>, <c>cleartext=no</c> refuses
/// passwords without TLS, <c>user=name:password</c> (bob:secret by default), <c>quota=octets</c> and <c>quota-messages=n</c> of the first
/// user, <c>quota-admin=yes</c> lets all users set quotas, and any property of ImapOptions as <c>Name=value</c>.
/// Headers: <c># mailbox: Name [\Use]</c>; <c># message: Mailbox (flags) octets with escapes</c>, or <c>corpus:name</c> for them;
/// <c># prefix: octets</c> goes before the messages that follow; <c># metadata: /entry/name octets</c> is an annotation of the account.
/// <c>index=yes</c> gives the store a text index, which never can tell.
/// </summary>
internal sealed partial class ImapScriptHost(ProtocolScript script) : IScriptHost
{
    private readonly ImapTestServer _server = new();

    [GeneratedRegex(@"^(?<mailbox>\S+) \((?<flags>[^)]*)\) (?<text>.*)$")]
    private static partial Regex MessageLine { get; }

    public async Task StartAsync()
    {
        foreach (var word in script.Server.Except("imap", "tls", "cleartext", "user", "quota", "quota-messages", "quota-admin", "index"))
        {
            SetOption(word, script.Server.Value(word)!);
        }

        _server.Tls = new TlsPolicy(Enum.Parse<TlsMode>(script.Server.Value("tls") ?? "none", ignoreCase: true))
        {
            AllowCleartextAuthentication = script.Server.Value("cleartext") != "no",
        };
        if (script.Server.Value("index") == "yes")
        {
            _server.UseStore(new IndexedStore(_server.Store));
        }

        var users = script.Server.Values("user").DefaultIfEmpty("bob:secret").Select(static user => user.Split(':', 2)).ToList();
        foreach (var user in users)
        {
            await _server.AddUserAsync(user[0], user[1]);
        }

        if (script.Server.Value("quota-admin") == "yes")
        {
            _server.Authorization = new QuotaAdministrators();
        }

        await FillAsync(users[0][0]);
        await (await _server.MailboxAsync(user: users[0][0])).Account.SetQuotaAsync(Number("quota"), Number("quota-messages"));
    }

    public Task<ScriptPeer> ConnectAsync(string session)
    {
        var (connection, served) = _server.Connect();
        return Task.FromResult(ScriptPeer.Over(connection, served, new SslClientAuthenticationOptions
        {
            TargetHost = "mx.example.org",
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate!.Equals(ImapTestServer.TlsCertificate.Certificate),
        }));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private long? Number(string word) => script.Server.Value(word) is { } value ? long.Parse(value, CultureInfo.InvariantCulture) : null;

    private void SetOption(string name, string value)
    {
        var option = typeof(ImapOptions).GetProperty(name) ?? throw new ArgumentException($"Unknown set-up word {name}.");
        option.SetValue(_server.Options, option.PropertyType == typeof(TimeSpan)
            ? TimeSpan.Parse(value, CultureInfo.InvariantCulture)
            : option.PropertyType == typeof(AccountId?) ? new AccountId(value)
            : Convert.ChangeType(value, Nullable.GetUnderlyingType(option.PropertyType) ?? option.PropertyType, CultureInfo.InvariantCulture));
    }

    private async Task FillAsync(string user)
    {
        var prefix = Array.Empty<byte>();
        foreach (var (key, value) in script.Headers)
        {
            switch (key)
            {
                case "mailbox":
                    await _server.MailboxAsync(value.Split(' ')[0], user, value.Split(' ').ElementAtOrDefault(1));
                    break;
                case "metadata":
                    var account = (await _server.Accounts.OpenAsync(new AccountId(user)))!;
                    await account.SetMetadataAsync([(value.Split(' ')[0], ProtocolScript.Unescape(value[(value.IndexOf(' ') + 1)..]))]);
                    break;
                case "prefix":
                    prefix = ProtocolScript.Unescape(value);
                    break;
                case "message":
                    await AppendAsync(value, user, prefix);
                    break;
            }
        }
    }

    private async Task AppendAsync(string line, string user, byte[] prefix)
    {
        var match = MessageLine.Match(line);
        if (!match.Success)
        {
            throw new ArgumentException($"No message: {line}");
        }

        var flags = match.Groups["flags"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var text = match.Groups["text"].Value;
        var octets = text.StartsWith("corpus:", StringComparison.Ordinal) ? MessageCorpus.Get(text[7..]).ReadAll() : ProtocolScript.Unescape(text);
        var options = new AppendOptions
        {
            Flags = flags.Where(static flag => flag[0] == '\\').Select(static flag => Enum.Parse<SystemFlags>(flag[1..])).Aggregate(SystemFlags.None, static (a, b) => a | b),
            Keywords = [.. flags.Where(static flag => flag[0] != '\\')],
            Prefix = prefix,
        };
        await _server.AppendAsync(octets, options, await _server.MailboxAsync(match.Groups["mailbox"].Value, user));
    }

    private sealed class IndexedStore(IMailStore inner) : StoreWrapper(inner), IMessageSearch
    {
        public ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken) =>
            ValueTask.FromResult<UidSet?>(null);
    }

    private sealed class QuotaAdministrators : IMailboxAuthorization
    {
        public ValueTask<MailboxRights> GetRightsAsync(
            MailIdentity user, AccountId account, string mailbox, IReadOnlyList<AclEntry> acl, CancellationToken cancellationToken) =>
            new OwnerAuthorization().GetRightsAsync(user, account, mailbox, acl, cancellationToken);

        public bool MaySetQuota(MailIdentity user, AccountId account) => account.Value is "bob" or "amy";
    }
}
