using System.Net;
using System.Text;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Testing.Accounts;

namespace MailCore.Testing;

/// <summary>
/// An address of a test server with a password, for sending, and for reading by IMAP and POP3. What arrives for it is kept here as it
/// came, whatever clients do to the mailbox. Thread-safe.
/// </summary>
public sealed class TestInbox
{
    /// <summary>How long waiting takes at most where a test does not say.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly TestMailServer _server;
    private readonly Arrivals _arrivals = new();
    private readonly Lazy<ScramKeys> _sha1;
    private readonly Lazy<ScramKeys> _sha256;
    private int _generation;

    internal TestInbox(TestMailServer server, string address, string password)
    {
        (_server, Address, Password, Account) = (server, address, password, new AccountId(address.ToLowerInvariant()));
        // The least that RFC 7677 lets clients accept.
        _sha1 = new(() => Authentication.ScramKeys.Create(ScramHash.Sha1, password, 4_096));
        _sha256 = new(() => Authentication.ScramKeys.Create(ScramHash.Sha256, password, 4_096));
    }

    /// <summary>Its address, and its login name.</summary>
    public string Address { get; }

    /// <summary>For all protocols.</summary>
    public string Password { get; }

    /// <summary>Address and password for clients that want them so, such as <see cref="System.Net.Mail.SmtpClient"/>.</summary>
    public NetworkCredential Credential => new(Address, Password);

    /// <summary>All that has arrived since the start or the last reset, in order. A message is here when its client has the reply.</summary>
    public IReadOnlyList<ReceivedMessage> Messages => _arrivals.Messages;

    /// <summary>The transcripts of sessions that sent to it, sent from it, or logged in to it.</summary>
    public IReadOnlyList<Transcript> Transcripts => [.. _server.Transcripts.Where(transcript => transcript.Concerns(Address))];

    internal AccountId Account { get; private set; }

    /// <summary>
    /// Waits for a message that matches, or any; one that is there already counts. The time is the machine's, whatever the server's clock.
    /// </summary>
    /// <exception cref="MailAssertionException">None came in time; the message says what did come, with transcripts.</exception>
    public async Task<ReceivedMessage> WaitForAsync(
        Func<ReceivedMessage, bool>? matches = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        (await WaitForManyAsync(1, matches, timeout, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Waits until so many messages match, and returns all that do.</summary>
    /// <exception cref="MailAssertionException">Too few came in time.</exception>
    public async Task<IReadOnlyList<ReceivedMessage>> WaitForManyAsync(
        int count, Func<ReceivedMessage, bool>? matches = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var limit = timeout ?? DefaultTimeout;
        return await _arrivals.WaitAsync(matches, count, limit, cancellationToken).ConfigureAwait(false)
            ?? throw new MailAssertionException(Describe($"{(count == 1 ? "No message" : $"Fewer than {count} messages")}{(matches is null ? "" : " that match")} came to {Address} within {limit.TotalSeconds:0.###} s."));
    }

    /// <summary>Waits this long and fails when a message that matches is there or comes. Half a second where a test does not say.</summary>
    /// <exception cref="MailAssertionException">There is one.</exception>
    public async Task AssertQuietAsync(TimeSpan? duration = null, Func<ReceivedMessage, bool>? matches = null, CancellationToken cancellationToken = default)
    {
        var found = await _arrivals.WaitAsync(matches, 1, duration ?? TimeSpan.FromSeconds(0.5), cancellationToken).ConfigureAwait(false);
        if (found is not null)
        {
            throw new MailAssertionException(Describe($"{Address} should have got nothing{(matches is null ? "" : " that matches")}, but got: {found[0]}."));
        }
    }

    /// <summary>Forgets what arrived, and expunges all of its mailboxes.</summary>
    public async Task ResetAsync()
    {
        _arrivals.Clear();
        var account = await OpenAsync().ConfigureAwait(false);
        foreach (var info in (await account.SnapshotAsync().ConfigureAwait(false)).Mailboxes)
        {
            await ExpungeAsync(account.OpenMailbox(info.Id)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Puts a message, or all .eml files of a folder in the order of their names, into a mailbox, which is made if need be. They are for
    /// IMAP and POP3 clients to find; <see cref="Messages"/> holds what was sent, and so not these.
    /// </summary>
    /// <returns>How many.</returns>
    public async Task<int> SeedAsync(string path, string mailbox = "INBOX", CancellationToken cancellationToken = default)
    {
        string[] files = File.Exists(path) ? [path] : [.. Directory.EnumerateFiles(path, "*.eml").Order(StringComparer.Ordinal)];
        foreach (var file in files)
        {
            await using var stream = File.OpenRead(file);
            await SeedAsync(stream, mailbox, cancellationToken).ConfigureAwait(false);
        }

        return files.Length;
    }

    /// <summary>Puts one message into a mailbox, which is made if need be.</summary>
    public async Task SeedAsync(Stream message, string mailbox = "INBOX", CancellationToken cancellationToken = default)
    {
        if (!MailboxName.TryParse(mailbox, out var name))
        {
            throw new ArgumentException($"'{mailbox}' is no mailbox name.", nameof(mailbox));
        }

        var account = await OpenAsync().ConfigureAwait(false);
        var target = await account.FindMailboxAsync(name, cancellationToken).ConfigureAwait(false)
            ?? (await account.CreateMailboxAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false)).Mailbox
            ?? throw new InvalidOperationException($"The mailbox '{mailbox}' can't be made.");
        Check(await target.AppendAsync(message, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc cref="SeedAsync(Stream, string, CancellationToken)"/>
    public Task SeedAsync(ReadOnlyMemory<byte> message, string mailbox = "INBOX", CancellationToken cancellationToken = default) =>
        SeedAsync(new MemoryStream(message.ToArray(), writable: false), mailbox, cancellationToken);

    /// <summary>
    /// Gives the inbox another UIDVALIDITY and its messages other UIDs, as a server that was restored from a backup. Sessions that are
    /// logged in go on with what was; who logs in from now on finds the new.
    /// </summary>
    public async Task ChangeUidValidityAsync()
    {
        var from = await OpenAsync().ConfigureAwait(false);
        var account = new AccountId($"{Address.ToLowerInvariant()}#{Interlocked.Increment(ref _generation)}");
        var to = await _server.OpenAsync(account).ConfigureAwait(false);
        var old = (await from.FindMailboxAsync(MailboxName.Inbox).ConfigureAwait(false))!;
        var info = (await old.GetInfoAsync().ConfigureAwait(false))!;
        await to.CommitAsync([new CreateMailbox(MailboxName.Inbox.Value, info.UidValidity + 1)]).ConfigureAwait(false);
        var inbox = (await to.FindMailboxAsync(MailboxName.Inbox).ConfigureAwait(false))!;
        await foreach (var row in old.ReadAsync(await UidsAsync(old).ConfigureAwait(false), MessageFields.All).ConfigureAwait(false))
        {
            if (await old.OpenContentAsync(row).ConfigureAwait(false) is { } content)
            {
                await using (content.ConfigureAwait(false))
                {
                    Check(await inbox.AppendAsync(content.AsStream()).ConfigureAwait(false));
                }
            }
        }

        Account = account;
        _server.Moved(this);
    }

    /// <summary>Expunges all messages of a mailbox, as another client would.</summary>
    public async Task ExpungeAsync(string mailbox = "INBOX")
    {
        var account = await OpenAsync().ConfigureAwait(false);
        if (MailboxName.TryParse(mailbox, out var name) && await account.FindMailboxAsync(name).ConfigureAwait(false) is { } found)
        {
            await ExpungeAsync(found).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Address;

    internal ScramKeys ScramKeys(ScramHash hash) => (hash == ScramHash.Sha1 ? _sha1 : _sha256).Value;

    internal void Arrived(ReceivedMessage message) => _arrivals.Add(message);

    private static async Task ExpungeAsync(Mailbox mailbox) =>
        Check(await mailbox.RemoveAsync(await UidsAsync(mailbox).ConfigureAwait(false)).ConfigureAwait(false));

    private static async Task<Uid[]> UidsAsync(Mailbox mailbox) =>
        await mailbox.OpenViewAsync().ConfigureAwait(false) is { } view ? (await view.RefreshAsync().ConfigureAwait(false)).Intersect(UidSet.All) : [];

    private static void Check(MailboxResult result)
    {
        if (!result.Succeeded)
        {
            throw new InvalidOperationException($"The store refused: {result.Error}.");
        }
    }

    private ValueTask<MailAccount> OpenAsync() => _server.OpenAsync(Account);

    private string Describe(string what)
    {
        const int most = 20;
        var text = new StringBuilder(what).Append('\n');
        var messages = Messages;
        text.Append($"Arrived at {Address}: {messages.Count}\n");
        foreach (var message in messages.TakeLast(most))
        {
            text.Append("  ").Append(message).Append('\n');
        }

        var transcripts = Transcripts;
        if (transcripts.Count == 0)
        {
            transcripts = [.. _server.Transcripts.TakeLast(5)];
            text.Append(transcripts.Count == 0 ? "No client has connected.\n" : "No session was about this inbox. The last of others:\n");
        }

        foreach (var transcript in transcripts.TakeLast(most))
        {
            text.Append(transcript);
        }

        return text.ToString();
    }
}
