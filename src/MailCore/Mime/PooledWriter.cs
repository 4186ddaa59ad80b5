using System.Buffers;

namespace MailCore.Mime;

/// <summary>Takes what is written into an array from the pool. Not thread-safe.</summary>
internal sealed class PooledWriter<T> : IBufferWriter<T>, IDisposable
    where T : unmanaged
{
    private const int Least = 256;

    private T[] _array = [];

    public int WrittenCount { get; private set; }

    public ReadOnlySpan<T> WrittenSpan => _array.AsSpan(0, WrittenCount);

    public void Clear() => WrittenCount = 0;

    public void Advance(int count) => WrittenCount += count;

    public Memory<T> GetMemory(int sizeHint = 0) => Reserve(sizeHint).AsMemory(WrittenCount);

    public Span<T> GetSpan(int sizeHint = 0) => Reserve(sizeHint).AsSpan(WrittenCount);

    public void Dispose() => Replace([]);

    private T[] Reserve(int count)
    {
        if (_array.Length - WrittenCount < Math.Max(count, 1))
        {
            var larger = ArrayPool<T>.Shared.Rent(Math.Max(Least, Math.Max(2 * _array.Length, WrittenCount + count)));
            WrittenSpan.CopyTo(larger);
            var written = WrittenCount;
            Replace(larger);
            WrittenCount = written;
        }

        return _array;
    }

    private void Replace(T[] array)
    {
        if (_array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(_array);
        }

        (_array, WrittenCount) = (array, 0);
    }
}
