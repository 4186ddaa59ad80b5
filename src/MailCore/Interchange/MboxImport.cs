using System.Buffers;
using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Takes an mbox into one mailbox. "From " lines that were quoted with '>' are restored. Flags, keywords, UIDs and UIDVALIDITY are taken
/// from the fields Status, X-Status, X-Keywords, X-UID and X-IMAPbase where they are, and the fields left out; line ends become CRLF.
/// An import that broke off goes on where it was, when the mbox has UIDs, and starts over otherwise.
/// </summary>
/// <param name="account">Whose.</param>
/// <param name="file">Only read; nobody may write it meanwhile.</param>
/// <param name="mailbox">Made when it does not exist.</param>
public sealed class MboxImport(MailAccount account, string file, MailboxName mailbox)
{
    private readonly List<string> _problems = [];
    private MailboxImport? _import;
    private uint _uidNext = 1;
    private long _messages;

    // The message being read: its octets are staged while they are found.
    private MboxHeader _header = new();
    private Pipe? _pipe;
    private Task<StagedMessage>? _staging;
    private DateTimeOffset? _date;
    private bool _inHeader;
    private bool _owesBlankLine;

    /// <summary>Imports everything.</summary>
    /// <param name="progress">Told of octets of the file.</param>
    /// <param name="cancellationToken">Stops between lines; messages committed stay.</param>
    /// <exception cref="InvalidDataException">The file does not begin as an mbox does.</exception>
    public async Task<TransferReport> RunAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        var lines = new MboxLineReader(stream);
        var step = $"Importing {mailbox}";
        var afterBlank = true;
        try
        {
            while (await lines.ReadAsync(cancellationToken))
            {
                if (lines.IsStart && afterBlank && MboxSeparator.Is(lines.Line.Span))
                {
                    await EndMessageAsync(cancellationToken);
                    Begin(lines.Line.Span);
                    progress?.Report(new WorkProgress(step, lines.Position, stream.Length));
                }
                else
                {
                    await AddAsync(lines, cancellationToken);
                }

                afterBlank = lines.IsStart && IsBlank(lines.Line.Span);
            }

            await EndMessageAsync(cancellationToken);
            await FinishAsync(cancellationToken);
            progress?.Report(new WorkProgress(step, stream.Length, stream.Length));
        }
        finally
        {
            await DropAsync();
        }

        return new TransferReport(_problems.Count > 0 ? 0 : 1, _messages, _problems);
    }

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.TrimEnd("\r\n"u8).IsEmpty;

    private void Begin(ReadOnlySpan<byte> separator)
    {
        _header = new MboxHeader();
        _date = MboxSeparator.Date(separator);
        (_inHeader, _owesBlankLine) = (true, false);
        _pipe = new Pipe();
        _staging = account.Accounts.StageAsync(_pipe.Reader, new StageHint(null, [account.Id]), CancellationToken.None).AsTask();
    }

    private async Task AddAsync(MboxLineReader lines, CancellationToken cancellationToken)
    {
        if (_pipe is null)
        {
            throw new InvalidDataException($"'{file}' is no mbox: it does not begin with a \"From \" line.");
        }

        // The blank line before the next separator belongs to no message; it is one only when another line follows.
        if (_owesBlankLine)
        {
            _pipe.Writer.Write("\r\n"u8);
            _owesBlankLine = false;
        }

        Write(lines.Line.Span, lines.IsStart, _pipe.Writer);
        if (_pipe.Writer.UnflushedBytes > 16 * 1024)
        {
            await _pipe.Writer.FlushAsync(cancellationToken);
        }
    }

    private void Write(ReadOnlySpan<byte> line, bool isStart, PipeWriter writer)
    {
        if (isStart && IsBlank(line))
        {
            if (_inHeader)
            {
                _inHeader = false;
                writer.Write("\r\n"u8);
            }
            else
            {
                _owesBlankLine = true;
            }

            return;
        }

        if (isStart && _inHeader && !_header.Keeps(line))
        {
            return;
        }

        writer.Write(isStart && !_inHeader && MboxSeparator.IsQuoted(line) ? line[1..].TrimEnd("\r\n"u8) : line.TrimEnd("\r\n"u8));
        if (line[^1] == (byte)'\n')
        {
            writer.Write("\r\n"u8);
        }
    }

    private async Task EndMessageAsync(CancellationToken cancellationToken)
    {
        if (_pipe is null)
        {
            return;
        }

        await _pipe.Writer.CompleteAsync();
        var staged = await _staging!;
        await _pipe.Reader.CompleteAsync();
        (_pipe, _staging) = (null, null);
        if (_import is null && _problems.Count == 0)
        {
            await OpenAsync(cancellationToken);
        }

        var uid = _uidNext > 1 || _header.Base is not null ? _header.Uid : null;
        if (_import is null || _header.IsPseudoMessage || uid < _import.UidNext)
        {
            await staged.DisposeAsync();
            return;
        }

        _import.Add(staged, new ImportedMessage(_header.Flags, _header.Keywords, _date) { Uid = uid });
        _messages++;
        await _import.FlushIfFullAsync(cancellationToken);
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        _uidNext = _header.Base is { } known && known.LastUid < uint.MaxValue ? known.LastUid + 1 : 1;
        (_import, var problem) = await MailboxImport.OpenAsync(account, mailbox, _header.Base?.UidValidity, cancellationToken);
        if (problem is not null)
        {
            _problems.Add(problem);
        }
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_import is not null)
        {
            await _import.RaiseUidNextAsync(_uidNext, cancellationToken);
            await _import.Mailbox.ClaimRecentAsync(cancellationToken);
        }
    }

    private async Task DropAsync()
    {
        if (_pipe is not null)
        {
            await _pipe.Writer.CompleteAsync(new OperationCanceledException());
            await _staging!.ContinueWith(static staging => staging.IsCompletedSuccessfully ? staging.Result.DisposeAsync().AsTask() : Task.CompletedTask, TaskScheduler.Default).Unwrap();
        }

        if (_import is not null)
        {
            await _import.DisposeAsync();
        }
    }
}
