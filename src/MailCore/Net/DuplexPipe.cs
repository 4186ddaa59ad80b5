using System.IO.Pipelines;

namespace MailCore.Net;

/// <summary>A reader and a writer that belong together.</summary>
public sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input { get; } = input;

    /// <inheritdoc/>
    public PipeWriter Output { get; } = output;

    /// <summary>
    /// A pipe over a stream. Reads begin with a zero-byte read, so that an idle client costs no buffer; disposing the stream stays
    /// the caller's concern.
    /// </summary>
    public static DuplexPipe Over(Stream stream) => new(
        ReaderOver(stream),
        PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 4 * 1024, leaveOpen: true)));

    /// <summary>A reader as <see cref="Over"/> makes it.</summary>
    internal static PipeReader ReaderOver(Stream stream) =>
        PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true, useZeroByteReads: true));
}
