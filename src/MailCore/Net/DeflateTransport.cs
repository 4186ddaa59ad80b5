using System.IO.Compression;
using System.IO.Pipelines;

namespace MailCore.Net;

/// <summary>
/// Compression of a connection in both directions (RFC 4978), on top of whatever carries it. What a client sends is inflated piece
/// by piece: a line or literal is within its limits before more of it is.
/// </summary>
internal sealed class DeflateTransport : IDisposable
{
    private readonly DeflateStream _inflate;
    private readonly DeflatePipeWriter _output;

    private DeflateTransport(IDuplexPipe carrier)
    {
        _inflate = new DeflateStream(new DuplexPipeStream(carrier), CompressionMode.Decompress, leaveOpen: true);
        _output = new DeflatePipeWriter(carrier.Output);
    }

    /// <summary>
    /// Compresses all that is written from now on and expects the same of the client. Everything before must have been flushed, and
    /// nobody may read the connection at this moment.
    /// </summary>
    public static DeflateTransport Start(MailConnection connection)
    {
        var transport = new DeflateTransport(connection.Transport);
        connection.Transport = new DuplexPipe(DuplexPipe.ReaderOver(transport._inflate), transport._output);
        return transport;
    }

    /// <summary>Gives memory back before a long wait; with nothing unflushed.</summary>
    public void Release() => _output.Release();

    public void Dispose()
    {
        _output.Dispose();
        _inflate.Dispose();
    }
}
