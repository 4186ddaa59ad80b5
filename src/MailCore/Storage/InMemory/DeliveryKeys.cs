using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MailCore.Storage.InMemory;

/// <summary>Where the message of a delivery key went, and when.</summary>
internal readonly record struct Delivery(MailboxId Mailbox, uint Uid, DateTimeOffset At);

/// <summary>The keys an account saw within seven days, by digest: many and short-lived. Used under the account's lock.</summary>
internal sealed class DeliveryKeys
{
    private const int SweepFloor = 1024;

    private readonly Dictionary<UInt128, Delivery> _seen = [];
    private int _sweepAt = SweepFloor;

    public static TimeSpan Remembered { get; } = TimeSpan.FromDays(7);

    public static UInt128 Digest(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    public bool TryGet(UInt128 digest, DateTimeOffset now, out Delivery delivery) =>
        _seen.TryGetValue(digest, out delivery) && now - delivery.At < Remembered;

    public void Add(UInt128 digest, Delivery delivery)
    {
        _seen[digest] = delivery;
        if (_seen.Count < _sweepAt)
        {
            return;
        }

        foreach (var (old, past) in _seen)
        {
            if (delivery.At - past.At >= Remembered)
            {
                _seen.Remove(old);
            }
        }

        _sweepAt = Math.Max(SweepFloor, _seen.Count * 2);
    }
}
