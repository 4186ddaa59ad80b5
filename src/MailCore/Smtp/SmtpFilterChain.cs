using MailCore.Diagnostics;
using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.Smtp;

/// <summary>
/// One session's filters: asks them at each stage, in order, and keeps what they said. A reply that comes back is the client's; null
/// means that the session goes on.
/// </summary>
/// <remarks>
/// With BDAT a header is looked at while the session reads on, and the client may end that transaction meanwhile: one question at a
/// time is asked, and what is said of a message is kept with its transaction.
/// </remarks>
internal sealed class SmtpFilterChain : IAsyncDisposable
{
    private readonly SmtpSession _session;
    private readonly AsyncServiceScope? _scope;
    private readonly SmtpFilterContext _context;
    private readonly ISmtpFilter?[] _filters;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private SmtpVerdict _onConnect;
    private SmtpVerdict _onHello;

    public SmtpFilterChain(SmtpSession session)
    {
        _session = session;
        _scope = session.Services.Scopes?.CreateAsyncScope();
        _context = new SmtpFilterContext(session, _scope?.ServiceProvider ?? NoServices.Instance);
        _filters = new ISmtpFilter?[Registrations.Count];
    }

    private delegate ValueTask<SmtpVerdict> Question<TSubject>(ISmtpFilter filter, SmtpFilterContext context, TSubject subject, CancellationToken cancellationToken);

    private IReadOnlyList<SmtpFilterRegistration> Registrations => _session.Services.Filters;

    public async ValueTask<SmtpReply?> ConnectAsync()
    {
        using var connecting = _context.Connecting();
        _onConnect = await AskAsync("connect", 0, static (filter, context, _, ct) => filter.OnConnectAsync(context, ct)).ConfigureAwait(false);
        _session.IsOver |= _onConnect.Reply?.Code == 521;
        return Refusal(_onConnect);
    }

    public async ValueTask<SmtpReply?> HelloAsync()
    {
        _onHello = default;
        _onHello = await AskAsync("hello", 0, static (filter, context, _, ct) => filter.OnHelloAsync(context, ct)).ConfigureAwait(false);
        return Refusal(_onHello);
    }

    /// <summary>What was said of a name that no longer counts.</summary>
    public void ForgetHello() => _onHello = default;

    public async ValueTask<SmtpReply?> MailFromAsync(MailTransaction transaction)
    {
        Take(transaction, in _onConnect);
        Take(transaction, in _onHello);
        return Refusal(await AskAsync("MAIL", transaction, transaction, static (filter, context, subject, ct) =>
            filter.OnMailFromAsync(context, subject, ct)).ConfigureAwait(false));
    }

    public async ValueTask<SmtpReply?> RecipientAsync(MailTransaction transaction, Recipient recipient) =>
        Refusal(await AskAsync("RCPT", transaction, (transaction, recipient), static (filter, context, subject, ct) =>
            filter.OnRecipientAsync(context, subject.transaction, subject.recipient, ct)).ConfigureAwait(false));

    /// <summary>Reads the header and makes the edits of all stages up to here; false when the transaction has its refusal.</summary>
    public async ValueTask<bool> HeadersAsync(MailTransaction transaction, HeaderEditingReader message)
    {
        if (!await message.ReadHeaderAsync(_session.Connection.Closed).ConfigureAwait(false))
        {
            transaction.Refusal = SmtpReplies.HeaderTooLarge;
            return false;
        }

        var headers = new MessageHeaders(message.Header);
        transaction.Refusal = (await AskAsync("headers", transaction, (transaction, headers), static (filter, context, subject, ct) =>
            filter.OnHeadersAsync(context, subject.transaction, subject.headers, ct)).ConfigureAwait(false)).Reply;
        if (transaction.Refusal is null && transaction.HasHeaderEdits)
        {
            message.Apply(transaction.Headers);
            transaction.Headers.Clear();
        }

        return transaction.Refusal is null;
    }

    /// <summary>The message to deliver, which may be another one; null when the transaction has its refusal. Then, and on an exception, the message is gone.</summary>
    public async ValueTask<StagedMessage?> MessageAsync(MailTransaction transaction, StagedMessage staged)
    {
        var content = staged;
        try
        {
            transaction.Refusal = (await AskMessageAsync(transaction, content).ConfigureAwait(false)).Reply;
            if (transaction.Refusal is not null)
            {
                await content.DisposeAsync().ConfigureAwait(false);
                return null;
            }

            if (transaction.HasHeaderEdits)
            {
                content = await MessageEditor.ApplyAsync(transaction, content, _session).ConfigureAwait(false);
            }

            if (transaction.QuarantineReason is { } reason)
            {
                transaction.AddField(HeaderEdits.Field("X-MailCore-Quarantine", LogText.Clean(reason)));
            }

            return content;
        }
        catch
        {
            await content.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        _turn.Dispose();
        if (_scope is { } scope)
        {
            await scope.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<SmtpVerdict> AskMessageAsync(MailTransaction transaction, StagedMessage staged)
    {
        var content = new MessageContent(default, await staged.Content.OpenAsync(_session.Connection.Closed).ConfigureAwait(false));
        var stream = content.AsStream();
        await using (stream.ConfigureAwait(false))
        {
            return await AskAsync("message", transaction, (transaction, stream), static (filter, context, subject, ct) =>
            {
                subject.stream.Position = 0;
                return filter.OnMessageAsync(context, subject.transaction, subject.stream, ct);
            }).ConfigureAwait(false);
        }
    }

    /// <summary>Asks about a message, unless it is discarded already.</summary>
    private async ValueTask<SmtpVerdict> AskAsync<TSubject>(string stage, MailTransaction transaction, TSubject subject, Question<TSubject> question)
    {
        if (transaction.IsDiscarded)
        {
            return SmtpVerdict.Continue;
        }

        var verdict = await AskAsync(stage, subject, question, transaction.QueueId).ConfigureAwait(false);
        Take(transaction, in verdict);
        return verdict;
    }

    /// <summary>The first rejection or discard, or else the first quarantine.</summary>
    private async ValueTask<SmtpVerdict> AskAsync<TSubject>(string stage, TSubject subject, Question<TSubject> question, string message = "-")
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            var told = SmtpVerdict.Continue;
            for (var i = 0; i < _filters.Length; i++)
            {
                var verdict = await AskOneAsync(i, stage, subject, question).ConfigureAwait(false);
                if (verdict.Kind == SmtpVerdictKind.Continue)
                {
                    continue;
                }

                _session.Protocol.Log.Judged(_session.Connection.Id, message, NameOf(i), stage, verdict.Kind, verdict.Reply?.ToString() ?? LogText.Clean(verdict.Reason!));
                if (verdict.Kind != SmtpVerdictKind.Quarantine)
                {
                    return verdict;
                }

                told = told.Kind == SmtpVerdictKind.Continue ? verdict : told;
            }

            return told;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<SmtpVerdict> AskOneAsync<TSubject>(int index, string stage, TSubject subject, Question<TSubject> question)
    {
        var registration = Registrations[index];
        using var timeout = new CancellationTokenSource(registration.Timeout, _session.Services.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _session.Connection.Closed);
        try
        {
            var filter = _filters[index] ??= registration.Create(_context.Services);
            return await question(filter, _context, subject, linked.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (!_session.Connection.Closed.IsCancellationRequested)
        {
            _session.Protocol.Log.FilterFailed(error, _session.Connection.Id, NameOf(index), stage);
            return registration.OnFailure == SmtpFilterFailure.Pass ? SmtpVerdict.Continue
                : SmtpVerdict.Reject(stage == "connect" ? SmtpReplies.LocalErrorAtConnect : SmtpReplies.LocalError);
        }
    }

    private static void Take(MailTransaction transaction, in SmtpVerdict verdict)
    {
        if (verdict.Kind == SmtpVerdictKind.Quarantine)
        {
            transaction.Quarantine(verdict.Reason!);
        }
        else if (verdict.Kind == SmtpVerdictKind.Discard)
        {
            transaction.IsDiscarded = true;
        }
    }

    private SmtpReply? Refusal(SmtpVerdict verdict)
    {
        _session.IsOver |= verdict.Reply?.Code == 421;
        return verdict.Reply;
    }

    private string NameOf(int index) => _filters[index]?.GetType().Name ?? "a filter that was not made";

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
