namespace MailCore.Relay;

/// <summary>A message that is being sent can't be read from its store; the server has not got all of it, and the connection is gone.</summary>
internal sealed class MessageReadException(Exception cause) : IOException("The message can't be read.", cause);
