using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>Things an operator should have read once, at the start.</summary>
internal static partial class StartNotices
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Warning, Message = "Mail is kept in memory and will be gone when this process ends")]
    public static partial void InMemoryStore(ILogger logger);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message = "The TLS certificate was made by this process for development: no client has reason to trust it")]
    public static partial void SelfSigned(ILogger logger);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Warning, Message = "{Endpoint} allows {Versions}: versions of TLS before 1.2 protect nobody")]
    public static partial void ObsoleteTls(ILogger logger, string endpoint, System.Security.Authentication.SslProtocols versions);
}

/// <summary>Present when the host chose the in-memory store.</summary>
internal sealed class InMemoryStoreNotice;

/// <summary>Present when the host chose a self-signed certificate.</summary>
internal sealed class SelfSignedNotice;
