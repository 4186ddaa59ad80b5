namespace MailCore.Messaging;

/// <summary>Makes names for messages in transit.</summary>
public static class QueueId
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Sixteen letters and digits: seconds since 1970 in base 32, then 45 random bits. Sorts by time.</summary>
    public static string Create(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        // Unique is enough: whoever can guess one gains nothing.
        return string.Create(16, (time.GetUtcNow().ToUnixTimeSeconds(), Random.Shared.NextInt64()), static (to, from) =>
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
}
