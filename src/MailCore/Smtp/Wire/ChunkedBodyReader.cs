using System.Buffers;
using System.IO.Pipelines;

namespace MailCore.Smtp.Wire;

/// <summary>
/// The content of a message that comes in chunks (RFC 3030): counted octets, nothing stuffed, nothing ending it but the count. What
/// the session pushes in is what the stager reads; the pipe between them holds at most <see cref="MaxHeld"/> octets.
/// </summary>
/// <param name="limits">What the message may be.</param>
/// <param name="isBinary">BODY=BINARYMIME: any octet may stand anywhere, and there are no lines.</param>
internal sealed class ChunkedBodyReader(DataLimits limits, bool isBinary) : MessageBodyReader
{
    public const int MaxHeld = 64 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: MaxHeld,
        resumeWriterThreshold: MaxHeld / 2,
        useSynchronizationContext: false));

    private DataScanner _scanner = new(limits.MaxLine) { IgnoresDots = true };
    private ReceivedCounter _received;
    private bool _isBroken;

    public override bool IsBroken => _isBroken;

    /// <summary>Pending while more may come.</summary>
    public DataOutcome Outcome { get; private set; }

    /// <summary>Octets of content so far.</summary>
    public long Length { get; private set; }

    /// <summary>A chunk of so many octets is announced: whether it can't be kept is known before any of them comes.</summary>
    public void Announce(long size)
    {
        if (Outcome == DataOutcome.Pending && size > limits.MaxSize - Length)
        {
            Outcome = DataOutcome.TooLarge;
        }
    }

    /// <summary>Takes octets of a chunk; those behind a finding that refuses the message are dropped.</summary>
    public void Push(in ReadOnlySequence<byte> octets)
    {
        foreach (var segment in octets)
        {
            if (Outcome == DataOutcome.Pending)
            {
                Push(segment.Span);
            }
        }
    }

    /// <summary>Waits until the stager has taken enough of what was pushed.</summary>
    public async ValueTask FlushAsync()
    {
        if (Outcome == DataOutcome.Pending && (await _pipe.Writer.FlushAsync().ConfigureAwait(false)).IsCompleted)
        {
            Outcome = DataOutcome.Unwanted;
        }
    }

    /// <summary>The last chunk has come.</summary>
    public void End()
    {
        if (Outcome == DataOutcome.Pending)
        {
            Outcome = !isBinary && _scanner.EndsInCr ? DataOutcome.BareCarriageReturn : DataOutcome.Complete;
        }

        _pipe.Writer.Complete();
    }

    /// <summary>No more will come, and what came is not wanted.</summary>
    public void Abandon()
    {
        _isBroken = true;
        _pipe.Writer.Complete(new OperationCanceledException("The message was given up."));
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => _pipe.Reader.ReadAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => _pipe.Reader.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => _pipe.Reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _pipe.Reader.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => throw new NotSupportedException("A message's reader is not shared.");

    public override void Complete(Exception? exception = null) => _pipe.Reader.Complete(exception);

    private void Push(ReadOnlySpan<byte> octets)
    {
        if (isBinary)
        {
            Keep(octets);
            return;
        }

        while (!octets.IsEmpty && Outcome == DataOutcome.Pending)
        {
            var clean = _scanner.Scan(octets, out var finding);
            Keep(octets[..clean]);
            octets = octets[clean..];
            if (Outcome == DataOutcome.Pending)
            {
                Outcome = _scanner.HasLongLine ? DataOutcome.LongLine : Verdict(finding);
            }

            if (finding == DataFinding.BareLineFeed && Outcome == DataOutcome.Pending)
            {
                Keep("\r\n"u8);
                _scanner.SkipLineFeed();
                octets = octets[1..];
            }
        }
    }

    private DataOutcome Verdict(DataFinding finding) => finding switch
    {
        DataFinding.Nul => DataOutcome.Nul,
        DataFinding.BareCarriageReturn => DataOutcome.BareCarriageReturn,
        DataFinding.BareLineFeed when !limits.RewritesLineFeeds => DataOutcome.BareLineFeed,
        _ => DataOutcome.Pending,
    };

    private void Keep(ReadOnlySpan<byte> octets)
    {
        Length += octets.Length;
        _received.Push(octets);
        if (Length > limits.MaxSize)
        {
            Outcome = DataOutcome.TooLarge;
        }
        else if (_received.Count > limits.MaxReceived)
        {
            Outcome = DataOutcome.Looping;
        }
        else
        {
            _pipe.Writer.Write(octets);
        }
    }
}
