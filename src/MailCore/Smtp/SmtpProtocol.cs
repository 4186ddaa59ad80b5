using System.Text;
using MailCore.Net;

namespace MailCore.Smtp;

/// <summary>The SMTP and LMTP engine for one endpoint.</summary>
public sealed class SmtpProtocol : IMailProtocol
{
    private readonly byte[] _busy;

    /// <summary>Throws <see cref="ArgumentException"/> when options and services don't fit together.</summary>
    public SmtpProtocol(SmtpOptions options, SmtpServices services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        _busy = Encoding.ASCII.GetBytes($"421 4.7.0 {options.HostName} too many connections, try again later\r\n");
    }

    /// <inheritdoc/>
    public string Name => throw new NotImplementedException();

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> BusyGreeting => _busy;

    /// <inheritdoc/>
    public Task RunAsync(MailConnection connection, CancellationToken stopping) => throw new NotImplementedException();
}
