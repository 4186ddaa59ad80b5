using System.Runtime.CompilerServices;
using MailCore.Net;

namespace MailCore.Smtp.Wire;

/// <summary>
/// Waits for the octets of a message. A client may be slow, but not for ever: in each minute that is spent waiting for it some must
/// come. The time that our own side takes does not count.
/// </summary>
internal sealed class BodyInput(LineFramer framer, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private TimeSpan _timeout;
    private long _minimum;
    private CancellationToken _stopping;
    private TimeSpan _waited;
    private long _came;

    /// <summary>The connection failed within a message.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Starts a message.</summary>
    public void Begin(in DataLimits limits, CancellationToken stopping)
    {
        (_timeout, _minimum, _stopping) = (limits.Timeout, limits.MinPerMinute, stopping);
        (_waited, _came) = (TimeSpan.Zero, 0);
    }

    /// <summary>Pending once there are more octets than before; else why there will be none.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    public async ValueTask<DataOutcome> FillAsync()
    {
        IsBroken = true;
        var outcome = DataOutcome.Stopping;
        var isFilled = false;
        while (!isFilled && !_stopping.IsCancellationRequested)
        {
            var before = framer.Buffer.Length;
            var start = time.GetTimestamp();
            var filled = await framer.FillAsync(_timeout).ConfigureAwait(false);
            if (filled == FillResult.Completed)
            {
                throw new IOException("The client left within a message.");
            }

            isFilled = filled != FillResult.Interrupted;
            outcome = filled == FillResult.TimedOut ? DataOutcome.TimedOut
                : !isFilled ? DataOutcome.Stopping
                : IsTooSlow(time.GetElapsedTime(start), framer.Buffer.Length - before) ? DataOutcome.TooSlow
                : DataOutcome.Pending;
        }

        IsBroken = false;
        return outcome;
    }

    private bool IsTooSlow(TimeSpan waited, long came)
    {
        _waited += waited;
        _came += came;
        if (_waited < Window)
        {
            return false;
        }

        var isTooSlow = _came < _minimum * _waited.TotalMinutes;
        (_waited, _came) = (TimeSpan.Zero, 0);
        return isTooSlow;
    }
}
