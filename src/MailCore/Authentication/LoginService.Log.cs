using System.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Authentication;

public sealed partial class LoginService
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "{User} logged in by {Protocol} ({Mechanism}) from {Remote}")]
    private partial void LogAccepted(string user, string protocol, string mechanism, EndPoint? remote);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} ({Mechanism}) from {Remote} was rejected")]
    private partial void LogRejected(string user, string protocol, string mechanism, EndPoint? remote);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Logins by {Protocol} are not possible now: {Reason}")]
    private partial void LogUnavailable(string protocol, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The authenticator failed ({Protocol})")]
    private partial void LogFailure(Exception error, string protocol);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} from {Remote}: the password has expired")]
    private partial void LogExpired(string user, string protocol, EndPoint? remote);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Warning, Message = "{Network} is banned from logging in until {Until}: too many failed logins")]
    private partial void LogNetworkBanned(IPNetwork? network, DateTimeOffset until);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Warning, Message = "{User} is banned from logging in until {Until}: too many failed logins")]
    private partial void LogUserBanned(string user, DateTimeOffset until);

    [LoggerMessage(EventId = 2008, Level = LogLevel.Information, Message = "Login of {User} by {Protocol} from {Remote} was not looked at: banned until {Until}")]
    private partial void LogBannedLogin(string user, string protocol, EndPoint? remote, DateTimeOffset until);

    [LoggerMessage(EventId = 2011, Level = LogLevel.Information, Message = "Master user {Master} logged in as {User} by {Protocol} ({Mechanism}) from {Remote}")]
    private partial void LogMaster(string master, string user, string protocol, string mechanism, EndPoint? remote);

    [LoggerMessage(EventId = 2010, Level = LogLevel.Debug, Message = "A connection from {Remote} was not served: banned until {Until}")]
    private partial void LogRefusedConnection(EndPoint? remote, DateTimeOffset until);
}
