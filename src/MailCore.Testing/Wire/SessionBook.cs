using System.Collections.Concurrent;
using System.Net;
using MailCore.Net;
using MailCore.Testing.Faults;

namespace MailCore.Testing.Wire;

/// <summary>The sessions of a test server, those of the past included as transcripts. Thread-safe.</summary>
internal sealed class SessionBook(TimeProvider time, FaultPlan faults, int maxTranscripts) : IDisposable
{
    private readonly ConcurrentDictionary<string, SessionTap> _byConnection = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<EndPoint, SessionTap> _byClient = new();
    private readonly ConcurrentQueue<Transcript> _transcripts = new();
    private readonly CancellationTokenSource _stopping = new();

    public TimeProvider Time => time;

    public FaultPlan Faults => faults;

    public IReadOnlyList<Transcript> Transcripts => [.. _transcripts];

    /// <summary>Does what a fault wants of a user's mailbox.</summary>
    public Func<string, string, Task> ExpungeAsync { get; set; } = static (_, _) => Task.CompletedTask;

    /// <inheritdoc cref="ExpungeAsync"/>
    public Func<string, Task> ChangeUidValidityAsync { get; set; } = static _ => Task.CompletedTask;

    public SessionTap? Find(string connection) => _byConnection.GetValueOrDefault(connection);

    public SessionTap? Find(EndPoint? client) => client is null ? null : _byClient.GetValueOrDefault(client);

    /// <summary>The layer around an endpoint's connections.</summary>
    public Func<MailConnectionDelegate, MailConnectionDelegate> Layer(TestProtocol protocol, string endpoint, bool isImplicitTls) => next => async carrier =>
    {
        var session = new SessionTap(carrier, protocol, endpoint, this);
        var connection = new TappedConnection(carrier, session, isImplicitTls);
        Add(session);
        try
        {
            if (!isImplicitTls || await session.BeginTlsAsync((PipeTap)connection.Transport).ConfigureAwait(false))
            {
                await next(connection).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            session.Transcript.Note($"broken: {error.Message}");
            throw;
        }
        finally
        {
            connection.Release();
            Remove(session);
        }
    };

    /// <summary>Waits on the server's clock, and no longer than the connection and the server live.</summary>
    public async Task DelayAsync(TimeSpan delay, CancellationToken closed)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, closed);
        await Task.Delay(delay, time, either.Token).ConfigureAwait(false);
    }

    public void Forget()
    {
        _transcripts.Clear();
        foreach (var session in _byConnection.Values)
        {
            _transcripts.Enqueue(session.Transcript);
        }
    }

    /// <summary>Ends delays: the server stops.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    private void Add(SessionTap session)
    {
        _byConnection[session.Carrier.Id] = session;
        if (session.Carrier.RemoteEndPoint is { } client)
        {
            _byClient[client] = session;
        }

        _transcripts.Enqueue(session.Transcript);
        while (_transcripts.Count > maxTranscripts && _transcripts.TryDequeue(out _))
        {
        }
    }

    private void Remove(SessionTap session)
    {
        _byConnection.TryRemove(session.Carrier.Id, out _);
        if (session.Carrier.RemoteEndPoint is { } client)
        {
            _byClient.TryRemove(new KeyValuePair<EndPoint, SessionTap>(client, session));
        }

        session.Finish();
    }
}
