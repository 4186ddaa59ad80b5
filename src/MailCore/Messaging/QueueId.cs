namespace MailCore.Messaging;

/// <summary>Makes names for messages in transit.</summary>
public static class QueueId
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The first one in order that can have been made at a time, to the second.</summary>
    public static string First(DateTimeOffset time) => Write(time.ToUnixTimeSeconds(), 0);

    /// <summary>Sixteen letters and digits: seconds since 1970 in base 32, then 45 random bits. Sorts by time.</summary>
    public static string Create(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        // Unique is enough: whoever can guess one gains nothing.
        return Write(time.GetUtcNow().ToUnixTimeSeconds(), Random.Shared.NextInt64());
    }

    private static string Write(long seconds, long random) => string.Create(16, (seconds, random), static (to, from) =>
    {
        var (seconds, bits) = from;
        for (var i = 6; i >= 0; i--, seconds >>= 5)
        {
            to[i] = Alphabet[(int)(seconds & 31)];
        }

        for (var i = 7; i < 16; i++, bits >>= 5)
        {
            to[i] = Alphabet[(int)(bits & 31)];
        }
    });
}
