using System.Net;
using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Smtp;

/// <summary>What the engine logs. Text from clients has been parsed into addresses or cleaned before it comes here.</summary>
internal sealed partial class SmtpLog(ILogger logger)
{
    private static readonly Func<ILogger, string, IDisposable?> Message = LoggerMessage.DefineScope<string>("{QueueId}");

    /// <summary>What is logged until disposal, here and by filters, deliveries and the store, is of this message.</summary>
    public IDisposable? Begin(string queueId) => Message(logger, queueId);

    [LoggerMessage(EventId = 4001, Level = LogLevel.Information, Message = "{Connection} {QueueId}: from <{Sender}> to {Count} recipients, {Size} octets: {Reply}")]
    public partial void Received(string connection, string queueId, ReversePath sender, int count, long size, SmtpReply reply);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "{Connection} {QueueId}: message refused: {Reply}")]
    public partial void Refused(string connection, string queueId, SmtpReply reply);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Information, Message = "{Connection} {Remote}: recipient <{Recipient}> refused: {Reply}")]
    public partial void RecipientRefused(string connection, EndPoint? remote, EmailAddress recipient, SmtpReply reply);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Warning, Message = "{Connection} {Remote}: octets behind STARTTLS; the connection is dropped")]
    public partial void Injected(string connection, EndPoint? remote);

    [LoggerMessage(EventId = 4005, Level = LogLevel.Error, Message = "{Connection} {QueueId}: the {Part} failed")]
    public partial void Failed(Exception exception, string connection, string queueId, string part);

    [LoggerMessage(EventId = 4006, Level = LogLevel.Error, Message = "{Connection} {QueueId}: the delivery gave {Given} replies for {Expected} recipients")]
    public partial void WrongReplies(string connection, string queueId, int given, int expected);

    [LoggerMessage(EventId = 4007, Level = LogLevel.Information, Message = "{Connection} {QueueId}: forwarded as {Identifier}, from {HostName} [{Address}], HELO {ClientName}")]
    private partial void Forwarded(string connection, string queueId, string? identifier, string? hostName, IPAddress? address, string? clientName);

    public void Forwarded(string connection, string queueId, ForwardedClient client) =>
        Forwarded(connection, queueId, client.Identifier, client.HostName, client.Address, client.ClientName);

    [LoggerMessage(EventId = 4021, Level = LogLevel.Information, Message = "{Connection} {QueueId}: {Filter} at {Stage}: {Verdict}, {Why}")]
    public partial void Judged(string connection, string queueId, string filter, string stage, SmtpVerdictKind verdict, string why);

    [LoggerMessage(EventId = 4022, Level = LogLevel.Error, Message = "{Connection}: {Filter} failed at {Stage}")]
    public partial void FilterFailed(Exception exception, string connection, string filter, string stage);
}
