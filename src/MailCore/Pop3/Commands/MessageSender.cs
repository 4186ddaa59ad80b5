using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>Sends a message, or its top, as a multi-line response, by offset and in pieces.</summary>
internal static class MessageSender
{
    // With its stuffed dots it fills an array of the pool.
    private const int PieceSize = (16 * 1024) - DotStuffer.Slack;

    /// <param name="session">Where to.</param>
    /// <param name="row">Which.</param>
    /// <param name="bodyLines">Null for the whole message.</param>
    /// <returns>Whether it was sent, and not refused.</returns>
    public static async ValueTask<bool> SendAsync(Pop3Session session, MailboxRow row, long? bodyLines)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        MessageContent? content = null;
        try
        {
            int count;
            try
            {
                content = await session.MailDrop!.OpenAsync(row.Uid, session.Connection.Closed).ConfigureAwait(false);
                if (content is null)
                {
                    session.Output.Error("The message has been expunged meanwhile"u8);
                    return false;
                }

                if (!session.IsUtf8 && session.Options.WithoutUtf8 == Pop3Utf8Rule.Refuse
                    && await NeedsUtf8Async(content, piece, session.Connection.Closed).ConfigureAwait(false))
                {
                    session.Output.Error("[UTF8] The message's header needs UTF8"u8);
                    return false;
                }

                // A message that can't be read at all is refused before anything is promised.
                count = await ReadAsync(content, 0, piece, session.Connection.Closed).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                session.RefuseForStore(error);
                return false;
            }

            if (bodyLines is null)
            {
                session.Output.Text("+OK "u8).Number(content.Length).Text(" octets"u8).EndLine();
            }
            else
            {
                session.Output.Ok("Top of message follows"u8);
            }

            await SendAsync(session, content, piece, count, bodyLines).ConfigureAwait(false);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
            if (content is not null)
            {
                await content.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static async ValueTask SendAsync(Pop3Session session, MessageContent content, byte[] piece, int count, long? bodyLines)
    {
        var output = session.Output;
        var stuffer = new DotStuffer();
        var top = new TopScanner(bodyLines ?? 0);
        for (var offset = 0L; count > 0;)
        {
            offset += count;
            stuffer.Write(output.Writer, piece.AsSpan(0, bodyLines is null ? count : top.Take(piece.AsSpan(0, count))));
            if (top.IsDone && bodyLines is not null)
            {
                break;
            }

            if (output.IsFull)
            {
                await output.FlushAsync().ConfigureAwait(false);
            }

            try
            {
                count = await ReadAsync(content, offset, piece, session.Connection.Closed).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                throw session.Break(error);
            }
        }

        stuffer.End(output.Writer);
    }

    // RFC 6856 5. The header is read up to its end, and again when it is sent.
    private static async ValueTask<bool> NeedsUtf8Async(MessageContent content, byte[] piece, CancellationToken cancellationToken)
    {
        var header = new TopScanner(0);
        int count;
        for (var offset = 0L; !header.IsDone && (count = await ReadAsync(content, offset, piece, cancellationToken).ConfigureAwait(false)) > 0; offset += count)
        {
            if (!Ascii.IsValid(piece.AsSpan(0, header.Take(piece.AsSpan(0, count)))))
            {
                return true;
            }
        }

        return false;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<int> ReadAsync(MessageContent content, long offset, byte[] piece, CancellationToken cancellationToken)
    {
        var count = await content.ReadAsync(offset, piece.AsMemory(0, PieceSize), cancellationToken).ConfigureAwait(false);
        return count > 0 || offset >= content.Length ? count : throw new EndOfStreamException("The store holds fewer octets than it announced.");
    }
}
