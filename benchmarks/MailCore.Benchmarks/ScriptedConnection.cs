using System.Buffers;
using System.IO.Pipelines;
using MailCore.Net;

namespace MailCore.Benchmarks;

/// <summary>A client that has said everything already and reads nothing.</summary>
internal sealed class ScriptedConnection(ReadOnlySequence<byte> said) : MailConnection
{
    public override string Id => "scripted";

    public override IDuplexPipe Transport { get; set; } = new DuplexPipe(PipeReader.Create(said), PipeWriter.Create(Stream.Null));

    public override CancellationToken Closed => CancellationToken.None;

    public override void Abort(Exception? reason) => throw new IOException("Aborted.", reason);

    public override ValueTask DisposeAsync() => default;
}
