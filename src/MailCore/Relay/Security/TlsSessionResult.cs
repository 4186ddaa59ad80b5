using System.Net;

namespace MailCore.Relay.Security;

/// <summary>What became of TLS in one session with one server. Filled in by the attempt.</summary>
internal sealed class TlsSessionResult
{
    /// <summary>The server got as far as to show whether there is TLS, and TLS was wanted.</summary>
    public bool IsKnown { get; private set; }

    public bool IsSecured { get; private set; }

    /// <summary>By RFC 8460 4.3; also where the session went on all the same.</summary>
    public string? Problem { get; private set; }

    public IPAddress? From { get; private set; }

    public IPAddress? To { get; private set; }

    public void Note(SmtpClientConnection connection)
    {
        (IsSecured, Problem) = (connection.IsSecured, connection.TlsProblem);
        IsKnown = IsSecured || Problem is not null;
        (From, To) = ((connection.LocalEndPoint as IPEndPoint)?.Address, (connection.RemoteEndPoint as IPEndPoint)?.Address);
    }
}
