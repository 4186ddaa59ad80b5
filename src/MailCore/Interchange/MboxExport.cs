using System.Text;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Writes one mailbox as an mbox: lines that begin with "From ", quoted or not, get a '>' more; line ends become LF; flags, keywords,
/// UIDs and UIDVALIDITY go into the fields that <see cref="MboxImport"/> reads.
/// </summary>
/// <param name="mailbox">As of the moment when the export begins.</param>
/// <param name="file">Made; an existing one is not overwritten.</param>
public sealed class MboxExport(Mailbox mailbox, string file)
{
    private readonly List<string> _problems = [];

    /// <summary>Exports everything.</summary>
    /// <param name="progress">Told of messages.</param>
    /// <param name="cancellationToken">Stops between messages; what is written stays.</param>
    /// <exception cref="IOException">The file exists, or can't be written.</exception>
    public async Task<TransferReport> RunAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var target = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 64 * 1024);
        if (await mailbox.OpenViewAsync(cancellationToken) is not { } view)
        {
            return new TransferReport(0, 0, ["The mailbox was deleted."]);
        }

        var state = view.State;
        var messages = 0L;
        for (var rank = 0; rank < state.Count; rank++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var row = state[rank];
            var details = await mailbox.ReadBatchAsync(new[] { row.Uid }, MessageFields.Dates | MessageFields.Content, cancellationToken);
            if (details is [var found] && await mailbox.OpenContentAsync(found, cancellationToken) is { } content)
            {
                await using (content)
                {
                    await WriteAsync(content, target, MboxSeparator.Format(found.InternalDate) + MboxHeader.Format(state.Info, row, isFirst: messages == 0), cancellationToken);
                }

                messages++;
            }
            else
            {
                _problems.Add($"UID {row.Uid}: its octets are gone.");
            }

            progress?.Report(new WorkProgress($"Exporting {state.Info.Name}", rank + 1, state.Count));
        }

        return new TransferReport(1, messages, _problems);
    }

    private static async Task WriteAsync(MessageContent content, Stream target, string header, CancellationToken cancellationToken)
    {
        target.Write(Encoding.UTF8.GetBytes(header));
        var lines = new MboxLineReader(content.AsStream());
        var endsLine = true;
        while (await lines.ReadAsync(cancellationToken))
        {
            endsLine = WriteLine(lines.Line.Span, lines.IsStart, target);
        }

        target.Write(endsLine ? "\n"u8 : "\n\n"u8);
    }

    private static bool WriteLine(ReadOnlySpan<byte> line, bool isStart, Stream target)
    {
        if (isStart && (MboxSeparator.Is(line) || MboxSeparator.IsQuoted(line)))
        {
            target.WriteByte((byte)'>');
        }

        var endsLine = line[^1] == (byte)'\n';
        target.Write(line.EndsWith("\r\n"u8) ? line[..^2] : endsLine ? line[..^1] : line);
        if (endsLine)
        {
            target.WriteByte((byte)'\n');
        }

        return endsLine;
    }
}
