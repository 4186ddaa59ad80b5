using System.IO.Pipelines;
using MailCore.Net;

namespace MailCore.Testing.Wire;

/// <summary>
/// A connection whose cleartext is looked at on its way, and disturbed. Where TLS or compression begins, the tap below lets everything
/// pass and another takes its place on top.
/// </summary>
internal sealed class TappedConnection : MailConnection
{
    private readonly MailConnection _carrier;
    private readonly SessionTap _session;
    private PipeTap _tap;

    public TappedConnection(MailConnection carrier, SessionTap session, bool isOpaque)
    {
        (_carrier, _session) = (carrier, session);
        (LocalEndPoint, RemoteEndPoint, ClientCertificate) = (carrier.LocalEndPoint, carrier.RemoteEndPoint, carrier.ClientCertificate);
        _tap = new PipeTap(carrier.Transport, session) { IsOpaque = isOpaque };
    }

    public override string Id => _carrier.Id;

    public override CancellationToken Closed => _carrier.Closed;

    public override IDuplexPipe Transport
    {
        get => _tap;
        set
        {
            _tap.IsOpaque = true;
            _session.Upgraded(Tls);
            _tap = new PipeTap(value, _session);
        }
    }

    public override void Abort(Exception? reason) => _carrier.Abort(reason);

    /// <summary>Gives the carrier all it needs to say goodbye; it is the server's to dispose.</summary>
    public void Release() => (_carrier.Tls, _carrier.Transport) = (Tls, _tap);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Both directions of one layer.</summary>
internal sealed class PipeTap : IDuplexPipe
{
    private readonly TapReader _input;
    private readonly TapWriter _output;

    public PipeTap(IDuplexPipe pipe, SessionTap session)
    {
        _input = new TapReader(pipe.Input, this, session);
        _output = new TapWriter(pipe.Output, this, session);
        Raw = pipe;
    }

    /// <summary>Everything passes as it is.</summary>
    public bool IsOpaque { get; set; }

    /// <summary>What is tapped.</summary>
    public IDuplexPipe Raw { get; }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;
}
