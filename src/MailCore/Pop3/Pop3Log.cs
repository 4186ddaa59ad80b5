using System.Net;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Pop3;

/// <summary>What the engine logs. Nothing a client sent comes here but the name it has logged in by.</summary>
internal sealed partial class Pop3Log(ILogger logger)
{
    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "{Connection} {Remote}: closed after too many bad commands")]
    public partial void TooManyBadCommands(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Information, Message = "{Connection} {Remote}: closed after too many failed logins")]
    public partial void TooManyFailedLogins(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 6003, Level = LogLevel.Warning, Message = "{Connection} {Remote}: octets behind STLS; the connection is dropped")]
    public partial void Injected(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 6004, Level = LogLevel.Debug, Message = "{Connection}: closed, no command came in time")]
    public partial void Idle(string connection);

    [LoggerMessage(EventId = 6005, Level = LogLevel.Error, Message = "{Connection}: the store failed")]
    public partial void StoreFailed(Exception exception, string connection);

    [LoggerMessage(EventId = 6006, Level = LogLevel.Warning, Message = "{Connection}: {User} has no mailbox {Mailbox} to be opened")]
    public partial void NoMailDrop(string connection, string user, MailboxName mailbox);

    [LoggerMessage(EventId = 6007, Level = LogLevel.Information, Message = "{Connection}: {Count} messages of account {Account} removed")]
    public partial void Removed(string connection, int count, AccountId account);
}
