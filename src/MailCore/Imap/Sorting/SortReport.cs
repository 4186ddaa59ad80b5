using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>Writes sorted messages: as SORT (RFC 5256 4) or as ESEARCH, in which the order stands too (RFC 5267 3).</summary>
/// <param name="session">The client.</param>
/// <param name="order">Message numbers in order.</param>
/// <param name="areUids">Whether UIDs are told.</param>
internal sealed class SortReport(ImapSession session, int[] order, bool areUids)
{
    private readonly ImapWriter _writer = session.Writer;
    private readonly MessageNumbers _numbers = session.Selection!.Messages.Numbers;

    public async ValueTask WriteAsync(SearchReturnOptions options, ModSeq? highest)
    {
        var modSeq = order.Length > 0 ? highest : null;
        if (options.Wanted == SearchReturn.Plain)
        {
            await WritePlainAsync(modSeq);
        }
        else if (options.Wanted != SearchReturn.Save)
        {
            await WriteExtendedAsync(options, modSeq);
        }
    }

    /// <summary>What '$' stands for from now on (RFC 5182 2.4, RFC 9394 3.2).</summary>
    public UidSet Saved(SearchReturnOptions options)
    {
        if (options.Has(SearchReturn.All | SearchReturn.Count) || !options.Has(SearchReturn.Min | SearchReturn.Max | SearchReturn.Partial) || order.Length == 0)
        {
            return UidSet.From(order.Select(_numbers.UidAt));
        }

        var saved = options.Has(SearchReturn.Partial) ? PageOf(options.Page).ToArray().Select(_numbers.UidAt).ToList() : [];
        if (options.Has(SearchReturn.Min))
        {
            saved.Add(_numbers.UidAt(order[0]));
        }

        if (options.Has(SearchReturn.Max))
        {
            saved.Add(_numbers.UidAt(order[^1]));
        }

        return UidSet.From(saved);
    }

    private uint NumberOf(int sequence) => areUids ? _numbers.UidAt(sequence).Value : (uint)sequence;

    private async ValueTask WritePlainAsync(ModSeq? highest)
    {
        _writer.Raw("* SORT"u8);
        foreach (var sequence in order)
        {
            _writer.Raw(" "u8).Number(NumberOf(sequence));
            await FlushIfFullAsync();
        }

        if (highest is { } modSeq)
        {
            // RFC 7162 3.1.6.
            _writer.Raw(" (MODSEQ "u8).Number(modSeq.Value).Raw(")"u8);
        }

        _writer.Line();
    }

    private async ValueTask WriteExtendedAsync(SearchReturnOptions options, ModSeq? highest)
    {
        _writer.Raw("* ESEARCH (TAG \""u8).Raw(session.Tag.Span).Raw(areUids ? "\") UID"u8 : "\")"u8);
        if (options.Has(SearchReturn.All) && order.Length > 0)
        {
            await WriteSetAsync(" ALL ", order);
        }

        if (options.Has(SearchReturn.Partial))
        {
            await WritePageAsync(options.Page);
        }

        if (options.Has(SearchReturn.Min) && order.Length > 0)
        {
            _writer.Raw(" MIN "u8).Number(NumberOf(order[0]));
        }

        if (options.Has(SearchReturn.Max) && order.Length > 0)
        {
            _writer.Raw(" MAX "u8).Number(NumberOf(order[^1]));
        }

        if (options.Has(SearchReturn.Count))
        {
            _writer.Raw(" COUNT "u8).Number(order.Length);
        }

        if (highest is { } modSeq)
        {
            _writer.Raw(" MODSEQ "u8).Number(modSeq.Value);
        }

        _writer.Line();
    }

    private async ValueTask WritePageAsync(PageRange page)
    {
        var sign = page.IsFromEnd ? "-" : "";
        var label = $" PARTIAL ({sign}{page.First}:{sign}{page.Last} ";
        var found = PageOf(page);
        if (found.IsEmpty)
        {
            _writer.Raw(label).Nil();
        }
        else
        {
            await WriteSetAsync(label, found);
        }

        _writer.Raw(")"u8);
    }

    private ReadOnlyMemory<int> PageOf(PageRange page)
    {
        var first = Math.Min(page.Low - 1L, order.Length);
        var last = Math.Min(page.High, order.Length);
        return page.IsFromEnd ? order.AsMemory((int)(order.Length - last)..(int)(order.Length - first)) : order.AsMemory((int)first..(int)last);
    }

    // Ascending runs only, so that the order in which ranges stand is the order of the messages.
    private async ValueTask WriteSetAsync(string label, ReadOnlyMemory<int> sequences)
    {
        _writer.Raw(label);
        for (var i = 0; i < sequences.Length; i++)
        {
            var first = NumberOf(sequences.Span[i]);
            var last = first;
            while (i + 1 < sequences.Length && NumberOf(sequences.Span[i + 1]) == last + 1)
            {
                last++;
                i++;
            }

            _writer.Number(first);
            if (last > first)
            {
                _writer.Raw(":"u8).Number(last);
            }

            _writer.Raw(i + 1 < sequences.Length ? ","u8 : ""u8);
            await FlushIfFullAsync();
        }
    }

    private ValueTask FlushIfFullAsync() => _writer.WantsFlush ? _writer.FlushAsync(session.Aborted) : ValueTask.CompletedTask;
}
