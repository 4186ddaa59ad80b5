using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Imap.Append;

/// <summary>A message that is put together part by part (RFC 4469), on its way into the store's staging. What is not completed is dropped.</summary>
internal sealed class CatenatedMessage : IAsyncDisposable
{
    private readonly Pipe _pipe = new();
    private readonly Task<StagedMessage> _staging;
    private bool _isComplete;

    /// <param name="session">Whose parts they are.</param>
    /// <param name="account">For which it is meant.</param>
    public CatenatedMessage(ImapSession session, AccountId account) => _staging = StageAsync(session, _pipe.Reader, account);

    /// <summary>Octets of all parts so far.</summary>
    public long Length { get; private set; }

    /// <summary>Adds all that a reader has.</summary>
    public async ValueTask CopyAsync(PipeReader part, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await part.ReadAsync(cancellationToken);
            foreach (var segment in result.Buffer)
            {
                await WriteAsync(segment, cancellationToken);
            }

            part.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Adds octets.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        Length += octets.Length;
        if ((await _pipe.Writer.WriteAsync(octets, cancellationToken)).IsCompleted)
        {
            // The store gave up: its exception says why.
            await _staging;
        }
    }

    public async ValueTask<StagedMessage> CompleteAsync()
    {
        _isComplete = true;
        await _pipe.Writer.CompleteAsync();
        return await _staging;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isComplete)
        {
            return;
        }

        await _pipe.Writer.CompleteAsync(new IOException("The message was given up."));
        await ((Task)_staging).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_staging.IsCompletedSuccessfully)
        {
            await (await _staging).DisposeAsync();
        }
    }

    private static async Task<StagedMessage> StageAsync(ImapSession session, PipeReader parts, AccountId account)
    {
        try
        {
            return await session.Services.Accounts.StageAsync(parts, new StageHint(null, [account]), session.Aborted);
        }
        finally
        {
            // Whoever writes must not wait for a store that has given up.
            await parts.CompleteAsync();
        }
    }
}
