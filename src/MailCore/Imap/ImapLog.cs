using System.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Imap;

/// <summary>What the engine logs. Nothing a client sent comes here.</summary>
internal sealed partial class ImapLog(ILogger logger)
{
    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "{Connection} {Remote}: closed after too many bad commands")]
    public partial void TooManyBadCommands(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Information, Message = "{Connection} {Remote}: closed after too many failed logins")]
    public partial void TooManyFailedLogins(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Warning, Message = "{Connection} {Remote}: octets behind STARTTLS; the connection is dropped")]
    public partial void Injected(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Debug, Message = "{Connection}: closed, no command came in time")]
    public partial void Idle(string connection);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Error, Message = "{Connection}: {Command} failed")]
    public partial void CommandFailed(Exception exception, string connection, string command);

    [LoggerMessage(EventId = 5006, Level = LogLevel.Information, Message = "{Connection} {Remote}: closed, {Reason}")]
    public partial void OutOfStep(string connection, EndPoint? remote, string reason);
}
