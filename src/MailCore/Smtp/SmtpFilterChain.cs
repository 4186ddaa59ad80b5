using MailCore.Messaging;
using MailCore.Smtp.Wire;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.Smtp;

/// <summary>What the filters leave of a message: the content to deliver, or the reply that refuses it.</summary>
internal readonly record struct FilteredMessage(StagedMessage? Content, SmtpReply? Refusal, bool IsDiscarded);

/// <summary>
/// One session's filters: asks them at each stage, in order, and keeps what they said. A reply that comes back is the client's; null
/// means that the session goes on. Single-threaded, as its session.
/// </summary>
internal sealed class SmtpFilterChain : IAsyncDisposable
{
    private readonly SmtpSession _session;
    private readonly AsyncServiceScope? _scope;
    private readonly SmtpFilterContext _context;
    private readonly ISmtpFilter?[] _filters;
    private SmtpVerdict _onConnect;
    private SmtpVerdict _onHello;
    private SmtpVerdict _onMessage;

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
        return Refusal(in _onConnect);
    }

    public async ValueTask<SmtpReply?> HelloAsync()
    {
        _onHello = default;
        _onHello = await AskAsync("hello", 0, static (filter, context, _, ct) => filter.OnHelloAsync(context, ct)).ConfigureAwait(false);
        return Refusal(in _onHello);
    }

    public void ForgetHello() => _onHello = default;

    public ValueTask<SmtpReply?> MailFromAsync(MailTransaction transaction)
    {
        _onMessage = default;
        Take(transaction, in _onConnect);
        Take(transaction, in _onHello);
        return AskAsync("MAIL", transaction, transaction, static (filter, context, subject, ct) => filter.OnMailFromAsync(context, subject, ct));
    }

    public ValueTask<SmtpReply?> RecipientAsync(MailTransaction transaction, Recipient recipient) =>
        AskAsync("RCPT", transaction, (transaction, recipient), static (filter, context, subject, ct) =>
            filter.OnRecipientAsync(context, subject.transaction, subject.recipient, ct));

    /// <summary>Reads the header and makes the edits of all stages up to here.</summary>
    public async ValueTask<SmtpReply?> HeadersAsync(MailTransaction transaction, HeaderEditingReader message)
    {
        if (!await message.ReadHeaderAsync(_session.Connection.Closed).ConfigureAwait(false))
        {
            return SmtpReplies.HeaderTooLarge;
        }

        var headers = new MessageHeaders(message.Header);
        var refusal = await AskAsync("headers", transaction, (transaction, headers), static (filter, context, subject, ct) =>
            filter.OnHeadersAsync(context, subject.transaction, subject.headers, ct)).ConfigureAwait(false);
        if (refusal is null && transaction.HasHeaderEdits)
        {
            message.Apply(transaction.Headers);
            transaction.Headers.Clear();
        }

        return refusal;
    }

    /// <summary>Owns the message until it returns; when it throws, the message is gone.</summary>
    public async ValueTask<FilteredMessage> MessageAsync(MailTransaction transaction, StagedMessage staged)
    {
        var content = staged;
        try
        {
            var refusal = await AskMessageAsync(transaction, content).ConfigureAwait(false);
            if (refusal is null && transaction.HasHeaderEdits)
            {
                content = await MessageEditor.ApplyAsync(transaction, content, _session).ConfigureAwait(false);
            }

            if (refusal is null && transaction.QuarantineReason is { } reason)
            {
                transaction.AddField(HeaderEdits.Field("X-MailCore-Quarantine", MessageEditor.OnOneLine(reason)));
            }

            return new FilteredMessage(content, refusal, _onMessage.Kind == SmtpVerdictKind.Discard);
        }
        catch
        {
            await content.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync() => _scope?.DisposeAsync() ?? default;

    private async ValueTask<SmtpReply?> AskMessageAsync(MailTransaction transaction, StagedMessage staged)
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
    private async ValueTask<SmtpReply?> AskAsync<TSubject>(string stage, MailTransaction transaction, TSubject subject, Question<TSubject> question)
    {
        if (_onMessage.Kind == SmtpVerdictKind.Discard)
        {
            return null;
        }

        var verdict = await AskAsync(stage, subject, question).ConfigureAwait(false);
        Take(transaction, in verdict);
        return Refusal(in verdict);
    }

    /// <summary>The first rejection or discard, or else the first quarantine.</summary>
    private async ValueTask<SmtpVerdict> AskAsync<TSubject>(string stage, TSubject subject, Question<TSubject> question)
    {
        var told = SmtpVerdict.Continue;
        for (var i = 0; i < _filters.Length; i++)
        {
            var verdict = await AskAsync(i, stage, subject, question).ConfigureAwait(false);
            if (verdict.Kind == SmtpVerdictKind.Continue)
            {
                continue;
            }

            Log(i, stage, in verdict);
            if (verdict.Kind != SmtpVerdictKind.Quarantine)
            {
                return verdict;
            }

            told = told.Kind == SmtpVerdictKind.Continue ? verdict : told;
        }

        return told;
    }

    private async ValueTask<SmtpVerdict> AskAsync<TSubject>(int index, string stage, TSubject subject, Question<TSubject> question)
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
            return registration.OnFailure == SmtpFilterFailure.Pass ? SmtpVerdict.Continue : SmtpVerdict.Reject(stage == "connect" ? SmtpReplies.LocalErrorAtConnect : SmtpReplies.LocalError);
        }
    }

    private void Take(MailTransaction transaction, in SmtpVerdict verdict)
    {
        if (verdict.Kind == SmtpVerdictKind.Quarantine)
        {
            transaction.Quarantine(verdict.Reason!);
        }
        else if (verdict.Kind == SmtpVerdictKind.Discard)
        {
            _onMessage = verdict;
        }
    }

    private SmtpReply? Refusal(in SmtpVerdict verdict)
    {
        _session.IsOver |= verdict.Reply?.Code == 421;
        return verdict.Reply;
    }

    private void Log(int index, string stage, in SmtpVerdict verdict)
    {
        var message = _session.Transaction?.QueueId ?? "-";
        _session.Protocol.Log.Judged(_session.Connection.Id, message, NameOf(index), stage, verdict.Kind, verdict.Reply?.ToString() ?? verdict.Reason!);
    }

    private string NameOf(int index) => _filters[index]?.GetType().Name ?? "a filter that was not made";

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
