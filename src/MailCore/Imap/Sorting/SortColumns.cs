using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>
/// The sort keys of messages, by columns: 8 octets for a date or size, the text itself for a text, and no object for any of them.
/// Sorting compares n log n times.
/// </summary>
internal sealed class SortColumns
{
    private readonly Column[] _columns;
    private readonly List<int> _sequences = [];

    public SortColumns(IReadOnlyList<SortCriterion> criteria)
    {
        // A key named twice decides nothing the second time.
        _columns = [.. criteria.DistinctBy(static criterion => criterion.Key).Select(static criterion => new Column(criterion))];
        foreach (var column in _columns)
        {
            Fields |= column.Fields;
        }
    }

    /// <summary>What must be known of a message.</summary>
    public MessageFields Fields { get; }

    public int Count => _sequences.Count;

    /// <summary>Comparisons of two messages that sorting by texts, or by several keys, took.</summary>
    public long Comparisons { get; private set; }

    /// <summary>Octets of memory.</summary>
    public long Size => (4L * _sequences.Capacity) + _columns.Sum(static column => column.Size);

    /// <summary>Whether the time of sending is all that is to be read of a message.</summary>
    public bool IsBySentTime => Array.Exists(_columns, static column => column.Key == SortKey.Date) && Array.TrueForAll(_columns, static column => column.Key is SortKey.Date or SortKey.Size);

    /// <summary>Adds a message whose time of sending, in ticks, is all that is to be known of it.</summary>
    public void Add(int sequence, uint size, long sent)
    {
        _sequences.Add(sequence);
        foreach (var column in _columns)
        {
            column.Add(column.Key == SortKey.Size ? size : sent);
        }
    }

    public void Add(int sequence, uint size, in MessageGlance message)
    {
        _sequences.Add(sequence);
        EnvelopeView.TryOpen(message.Summary, out var envelope);
        foreach (var column in _columns)
        {
            column.Add(size, message.InternalDate, envelope);
        }
    }

    /// <summary>The numbers of the messages in order.</summary>
    public int[] Sort()
    {
        Comparisons = 0;
        return _columns is [{ IsNumber: true } only] ? Sort(only) : SortAll();
    }

    private int[] Sort(Column only)
    {
        int[] order = [.. _sequences];
        NumberOrder.Sort(only.Numbers(), order);
        return order;
    }

    private int[] SortAll()
    {
        var order = new int[Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        order.AsSpan().Sort(Compare);
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = _sequences[order[i]];
        }

        return order;
    }

    private int Compare(int a, int b)
    {
        Comparisons++;
        foreach (var column in _columns)
        {
            if (column.Compare(a, b) is var result and not 0)
            {
                return result;
            }
        }

        return _sequences[a].CompareTo(_sequences[b]);
    }

    private sealed class Column(SortCriterion criterion)
    {
        private readonly List<long> _numbers = [];
        private readonly TextColumn _texts = new();

        public long Size => (8L * _numbers.Capacity) + _texts.Size;

        public MessageFields Fields => criterion.Key switch
        {
            SortKey.Size => MessageFields.None,
            SortKey.Arrival => MessageFields.Dates,
            SortKey.Date => MessageFields.Dates | MessageFields.Summary,
            _ => MessageFields.Summary,
        };

        public SortKey Key => criterion.Key;

        public bool IsNumber => criterion.Key is SortKey.Size or SortKey.Arrival or SortKey.Date;

        public void Add(uint size, DateTimeOffset internalDate, EnvelopeView envelope)
        {
            switch (criterion.Key)
            {
                case SortKey.Size:
                    _numbers.Add(size);
                    break;
                case SortKey.Arrival:
                    _numbers.Add(internalDate.UtcTicks);
                    break;
                case SortKey.Date:
                    _numbers.Add(SentTime.Of(envelope, internalDate));
                    break;
                case SortKey.Subject:
                    envelope.TryGet(EnvelopeFields.Subject, out var subject);
                    _texts.AddSubject(subject);
                    break;
                default:
                    AddAddress(envelope);
                    break;
            }
        }

        public void Add(long number) => _numbers.Add(number);

        /// <summary>Lower is first, whatever the direction.</summary>
        public long[] Numbers()
        {
            long[] numbers = [.. _numbers];
            for (var i = 0; i < numbers.Length && criterion.IsReverse; i++)
            {
                numbers[i] = ~numbers[i];
            }

            return numbers;
        }

        public int Compare(int a, int b)
        {
            var result = IsNumber ? _numbers[a].CompareTo(_numbers[b]) : _texts.Compare(a, b);
            return criterion.IsReverse ? -result : result;
        }

        private void AddAddress(EnvelopeView envelope)
        {
            envelope.TryGet(
                criterion.Key switch
                {
                    SortKey.Cc => EnvelopeFields.Cc,
                    SortKey.To or SortKey.DisplayTo => EnvelopeFields.To,
                    _ => EnvelopeFields.From,
                },
                out var list);
            foreach (var first in new AddressListView(list))
            {
                AddAddress(first);
                return;
            }

            _texts.AddText([]);
        }

        private void AddAddress(in AddressEntryView address)
        {
            if (criterion.Key is not (SortKey.DisplayFrom or SortKey.DisplayTo))
            {
                _texts.Add(address.Mailbox);
            }
            else if (!address.Name.IsEmpty)
            {
                _texts.Add(address.Name);
            }
            else
            {
                // A group's name stands alone.
                _texts.Add(address.Host.IsEmpty ? address.Mailbox : [.. address.Mailbox, (byte)'@', .. address.Host]);
            }
        }
    }
}
