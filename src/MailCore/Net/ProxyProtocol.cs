namespace MailCore.Net;

/// <summary>Takes the PROXY header off a connection, before anything else reads from it.</summary>
internal static class ProxyProtocol
{
    /// <summary>
    /// Puts the client's address in the place of the proxy's, or none where the header names none: what the proxy may do its clients may not.
    /// </summary>
    /// <exception cref="IOException">There was no header, or not in time.</exception>
    public static async ValueTask<ProxyHeader> ReadAsync(MailConnection connection, TimeSpan timeout, TimeProvider time)
    {
        var timer = time.CreateTimer(
            static state => ((MailConnection)state!).Abort(new TimeoutException("No PROXY header came in time.")), connection, timeout, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
        {
            var input = connection.Transport.Input;
            while (true)
            {
                var result = await input.ReadAsync(connection.Closed).ConfigureAwait(false);
                switch (ProxyHeader.TryParse(result.Buffer, out var header, out var length))
                {
                    case ProxyStatus.Complete:
                        input.AdvanceTo(result.Buffer.GetPosition(length));
                        connection.RemoteEndPoint = header.IsLocal ? connection.RemoteEndPoint : header.Source;
                        connection.LocalEndPoint = header.Destination ?? connection.LocalEndPoint;
                        return header;
                    case ProxyStatus.Incomplete when !result.IsCompleted:
                        input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                        break;
                    default:
                        input.AdvanceTo(result.Buffer.End);
                        throw new IOException("The proxy sent no PROXY header.");
                }
            }
        }
    }
}
