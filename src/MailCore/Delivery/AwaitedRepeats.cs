using System.Text;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// Knows repeats of messages without a Message-ID, of which two with the same octets may well be two. Where a transaction got a 4xx though
/// some mailboxes have its message, its sender comes again with the same octets: the next such transaction counts as that one. Should it be
/// another message after all, the repeat behind it is new, and every mailbox has as many as were sent. Thread-safe.
/// </summary>
internal sealed class AwaitedRepeats(IServerState state, TimeProvider time)
{
    /// <summary>Transactions of one content that are waited for.</summary>
    public const int MaxKeys = 50;

    // Between two attempts of one sender; each that fails is waited for anew. Who does not come again by then has told his user.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(8);

    // Two transactions must not both be the repeat of a third. By hash, so that few wait for each other.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 16).Select(static _ => new SemaphoreSlim(1))];

    /// <summary>The delivery key of the transaction that this one repeats, which nobody is waiting for any more; null for none.</summary>
    /// <param name="content">The message's hash.</param>
    /// <param name="cancellationToken">Stops.</param>
    public ValueTask<string?> TakeAsync(string content, CancellationToken cancellationToken) => ChangeAsync(content, static keys =>
    {
        if (keys.Count == 0)
        {
            return null;
        }

        var first = keys[0];
        keys.RemoveAt(0);
        return first;
    }, cancellationToken);

    /// <summary>The sender of the transaction with this delivery key was told to come again.</summary>
    public async ValueTask ExpectAsync(string content, string key, CancellationToken cancellationToken) => await ChangeAsync(content, keys =>
    {
        keys.Add(key);
        keys.RemoveRange(0, Math.Max(0, keys.Count - MaxKeys));
        return key;
    }, cancellationToken).ConfigureAwait(false);

    private async ValueTask<string?> ChangeAsync(string content, Func<List<string>, string?> change, CancellationToken cancellationToken)
    {
        var name = $"repeat:{content}";
        var gate = _gates[(uint)StringComparer.Ordinal.GetHashCode(content) % (uint)_gates.Length];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var octets = await state.GetAsync(name, cancellationToken).ConfigureAwait(false);
            var keys = octets is null ? [] : Encoding.UTF8.GetString(octets).Split('\n').ToList();
            var result = change(keys);
            if (result is not null)
            {
                var value = keys.Count == 0 ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(string.Join('\n', keys));
                await state.SetAsync(name, value, time.GetUtcNow() + Patience, cancellationToken).ConfigureAwait(false);
            }

            return result;
        }
        finally
        {
            gate.Release();
        }
    }
}
