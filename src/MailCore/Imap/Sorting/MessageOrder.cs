using System.Buffers.Binary;

namespace MailCore.Imap.Sorting;

/// <summary>
/// Puts messages in order. Numbers are made of the keys, 8 octets at a time, and sorted; where they are the same the next octets
/// decide, the next key, and at last the numbers of the messages. No comparison is a call.
/// </summary>
internal sealed class MessageOrder : IDisposable
{
    // Octets of a text in one number; the lowest octet of the number says how many there were, so that a text is lower than a longer one.
    private const int Octets = 7;

    private readonly KeyedMessages _messages;
    private readonly Column[] _columns;
    private readonly RentedList<int> _order = new();
    private readonly RentedList<ulong> _numbers;

    // Messages that are the same as far as was compared.
    private readonly Stack<Run> _runs = new();

    public MessageOrder(KeyedMessages messages, IEnumerable<SortCriterion> criteria)
    {
        _messages = messages;
        // A key named twice decides nothing the second time.
        _columns = [.. criteria.DistinctBy(static criterion => criterion.Key).Select(criterion => new Column(messages, criterion))];
        _numbers = RentedList<ulong>.Of(messages.Count, 0);
        for (var i = 0; i < messages.Count; i++)
        {
            _order.Add(i);
        }

        _runs.Push(new Run(0, messages.Count, 0, 0));
    }

    /// <summary>Places of messages, in order when sorting has ended.</summary>
    public ReadOnlySpan<int> Order => _order.Span;

    /// <summary>Numbers made of keys so far; what is sorted by them takes n log n comparisons.</summary>
    public long Steps { get; private set; }

    /// <summary>Octets of memory.</summary>
    public long Size => (4L * _order.Capacity) + (8L * _numbers.Capacity) + (16L * _runs.Count);

    /// <summary>Goes on for about so many steps; says whether there is nothing left to do.</summary>
    public bool Advance(long steps)
    {
        for (var end = Steps + steps; Steps < end && _runs.TryPop(out var run);)
        {
            Sort(run);
        }

        return _runs.Count == 0;
    }

    /// <summary>The numbers of the messages in order.</summary>
    public int[] ToSequences()
    {
        var sequences = new int[_order.Count];
        for (var i = 0; i < sequences.Length; i++)
        {
            sequences[i] = _messages.SequenceOf(_order[i]);
        }

        return sequences;
    }

    public void Dispose()
    {
        _order.Dispose();
        _numbers.Dispose();
    }

    private void Sort(Run run)
    {
        var order = _order.Span.Slice(run.Start, run.Count);
        if (run.Column == _columns.Length)
        {
            order.Sort();
            return;
        }

        var numbers = _numbers.Span.Slice(run.Start, run.Count);
        var column = _columns[run.Column];
        var isSorted = true;
        for (var i = 0; i < order.Length; i++)
        {
            numbers[i] = column.NumberOf(order[i], run.Depth);
            isSorted &= i == 0 || numbers[i - 1] <= numbers[i];
        }

        Steps += order.Length;
        if (!isSorted)
        {
            numbers.Sort(order);
        }

        for (int first = 0, next; first < order.Length; first = next)
        {
            for (next = first + 1; next < order.Length && numbers[next] == numbers[first]; next++)
            {
            }

            if (next - first > 1)
            {
                var isAtEnd = column.IsAtEnd(numbers[first]);
                _runs.Push(new Run(run.Start + first, next - first, isAtEnd ? run.Column + 1 : run.Column, isAtEnd ? 0 : run.Depth + Octets));
            }
        }
    }

    private readonly record struct Run(int Start, int Count, int Column, int Depth);

    /// <summary>One criterion.</summary>
    private sealed class Column(KeyedMessages messages, SortCriterion criterion)
    {
        private readonly bool _isSize = criterion.Key == SortKey.Size;
        private readonly bool _isNumber = criterion.Key == SortKey.Size || KeyKinds.IsNumber(criterion.Kind);
        private readonly int _place = criterion.Key == SortKey.Size ? -1 : messages.PlaceOf(criterion.Kind);

        // All bits when higher comes first.
        private readonly ulong _flip = criterion.IsReverse ? ulong.MaxValue : 0;

        public ulong NumberOf(int message, int depth)
        {
            var number = _isSize ? messages.SizeOf(message)
                : _isNumber ? BinaryPrimitives.ReadUInt64LittleEndian(messages.KeyOf(_place, message))
                : TextAt(messages.KeyOf(_place, message)[(1 + depth)..]);
            return number ^ _flip;
        }

        /// <summary>Whether there is nothing behind what a number was made of.</summary>
        public bool IsAtEnd(ulong number) => _isNumber || (byte)(number ^ _flip) < Octets;

        private static ulong TextAt(ReadOnlySpan<byte> text)
        {
            if (text.Length > Octets)
            {
                return (BinaryPrimitives.ReadUInt64BigEndian(text) & ~0xFFUL) | Octets;
            }

            Span<byte> room = stackalloc byte[sizeof(ulong)];
            room.Clear();
            text.CopyTo(room);
            room[Octets] = (byte)text.Length;
            return BinaryPrimitives.ReadUInt64BigEndian(room);
        }
    }
}
