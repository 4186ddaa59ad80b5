namespace MailCore.Smtp;

/// <summary>Counts a session's commands, minute by minute.</summary>
internal struct CommandRate
{
    private long _minute;
    private int _count;

    /// <summary>Counts one; true past the limit, and never without one.</summary>
    public bool IsExceeded(int? limit, TimeProvider time)
    {
        if (limit is not { } most)
        {
            return false;
        }

        var now = time.GetTimestamp();
        if (_count == 0 || time.GetElapsedTime(_minute, now) >= TimeSpan.FromMinutes(1))
        {
            (_minute, _count) = (now, 0);
        }

        return ++_count > most;
    }
}
