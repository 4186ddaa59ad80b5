using System.Globalization;
using System.Net;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Testing;
using MailCore.Tests.Smtp;
using MailCore.Tls;

namespace MailCore.Tests.Scripts;

/// <summary>
/// For tests/scripts/smtp. Words: smtp, submission or lmtp; tls=none|opportunistic|required|clear (no TLS, AUTH allowed);
/// user=name:password; alias=name:target,target; auth (offered on transfer); size=octets; drain=octets; recipients=n; messages=n; bare-lf=refuse; honours (the delivery
/// grants all wishes); xclient, xforward (loopback may); vrfy, expn=everybody|authenticated.
/// Headers: "# stored: account content" for each message that must be in an inbox in the end, and no others; "# envelope: text" for each
/// transaction that must have been delivered, as RecordingDelivery describes it, where there is one; then "stored" may be left out.
/// </summary>
internal sealed class SmtpScriptHost : IScriptHost
{
    private readonly ProtocolScript _script;
    private readonly SmtpTestServer _server;

    public SmtpScriptHost(ProtocolScript script)
    {
        _script = script;
        var words = script.Server;
        if (words.Except("smtp", "submission", "lmtp", "tls", "user", "alias", "auth", "size", "drain", "recipients", "messages", "bare-lf", "honours", "xclient", "xforward", "vrfy", "expn").FirstOrDefault() is { } unknown)
        {
            throw new ArgumentException($"{script.File}: no set-up word '{unknown}'.");
        }

        var dialect = words.Has("submission") ? SmtpDialect.Submission : words.Has("lmtp") ? SmtpDialect.Lmtp : SmtpDialect.Transfer;
        _server = new SmtpTestServer(dialect, options =>
        {
            options.OfferAuthentication |= words.Has("auth");
            options.MaxMessageSize = Number(words.Value("size")) ?? options.MaxMessageSize;
            options.MaxDrain = Number(words.Value("drain")) ?? options.MaxDrain;
            options.MaxRecipients = (int?)Number(words.Value("recipients")) ?? options.MaxRecipients;
            options.MaxBadCommands = 100;
            options.MaxMessages = (int?)Number(words.Value("messages"));
            options.Verification = Disclosure(words.Value("vrfy"));
            options.Expansion = Disclosure(words.Value("expn"));
            if (words.Has("xclient"))
            {
                options.XClientFrom.Add(IPNetwork.Parse("127.0.0.0/8"));
            }

            if (words.Has("xforward"))
            {
                options.XForwardFrom.Add(IPNetwork.Parse("127.0.0.0/8"));
            }

            options.BareLineFeed = words.Value("bare-lf") == "refuse" ? BareLineFeedRule.Refuse : options.BareLineFeed;
        })
        {
            Honours = words.Has("honours") ? (DeliveryAbilities)(-1) : DeliveryAbilities.None,
            Tls = words.Value("tls") switch
            {
                null or "none" => TlsPolicy.None,
                "clear" => TlsPolicy.None with { AllowCleartextAuthentication = true },
                "opportunistic" => TlsPolicy.Opportunistic,
                "required" => TlsPolicy.Required,
                var other => throw new ArgumentException($"{script.File}: no TLS mode '{other}'."),
            },
        };
    }

    public async Task StartAsync()
    {
        foreach (var user in _script.Server.Values("user"))
        {
            var parts = user.Split(':');
            await _server.AddAsync(parts[0], parts[1]);
        }

        foreach (var alias in _script.Server.Values("alias"))
        {
            var parts = alias.Split(':');
            _server.Directory.AddAlias(Address(parts[0]), [.. parts[1].Split(',').Select(Address)]);
        }
    }

    public Task<ScriptPeer> ConnectAsync(string session) => Task.FromResult(_server.Peer());

    public async ValueTask DisposeAsync()
    {
        await using (_server)
        {
            var envelopes = _script.Header("envelope").ToList();
            var delivered = _server.Deliveries.Transactions.Select(RecordingDelivery.Describe).ToList();
            if (envelopes.Count > 0 && !envelopes.SequenceEqual(delivered))
            {
                throw new InvalidOperationException($"{_script.File}: delivered\n{string.Join('\n', delivered)}");
            }

            if (envelopes.Count > 0 && !_script.Header("stored").Any())
            {
                return;
            }

            var expected = _script.Header("stored").Select(static line => line.Split(' ', 2)).ToLookup(static parts => parts[0], static parts => parts[1]);
            await foreach (var account in _server.Directory.ListAsync(default))
            {
                var wanted = expected[account.Address.LocalPart].Select(static text => Encoding.Latin1.GetString(ProtocolScript.Unescape(text)));
                var found = (await _server.MessagesAsync(account.Id.Value)).Select(static message => message.Content);
                if (!wanted.SequenceEqual(found))
                {
                    throw new InvalidOperationException($"{_script.File}: {account.Address} has [{string.Join("] [", found)}].");
                }
            }
        }
    }

    private static AddressDisclosure Disclosure(string? text) => text is null ? AddressDisclosure.Nobody : Enum.Parse<AddressDisclosure>(text, ignoreCase: true);

    private static EmailAddress Address(string name) => EmailAddress.Parse(name.Contains('@', StringComparison.Ordinal) ? name : name + "@example.org");

    private static long? Number(string? text) => text is null ? null : long.Parse(text, CultureInfo.InvariantCulture);
}
