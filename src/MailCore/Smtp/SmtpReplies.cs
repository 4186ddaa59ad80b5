using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>The fixed replies, encoded once.</summary>
internal static class SmtpReplies
{
    public static readonly SmtpReply Ready = new(220, "2.0.0", "Ready to start TLS");
    public static readonly SmtpReply Bye = new(221, "2.0.0", "Bye");
    public static readonly SmtpReply Authenticated = new(235, "2.7.0", "Authentication successful");
    public static readonly SmtpReply SenderOk = new(250, "2.1.0", "Sender OK");
    public static readonly SmtpReply RecipientOk = new(250, "2.1.5", "Recipient OK");
    public static readonly SmtpReply ChunkTaken = new(250, "2.0.0", "OK, more to come");
    public static readonly SmtpReply CannotVerify = new(252, "2.0.0", "Cannot tell, but will take mail for it if it exists");
    public static readonly SmtpReply SendMessage = new(354, (EnhancedStatusCode?)null, "Send the message, end with CRLF.CRLF");

    public static readonly SmtpReply Stopping = new(421, "4.3.2", "The server stops, try again later");
    public static readonly SmtpReply TimedOut = new(421, "4.4.2", "Nothing came in time");
    public static readonly SmtpReply TooSlow = new(421, "4.4.2", "The message comes too slowly");
    public static readonly SmtpReply TooManyCommands = new(421, "4.7.0", "Too many commands in a minute");
    public static readonly SmtpReply TooManyErrors = new(421, "4.7.0", "Too many bad commands");
    public static readonly SmtpReply TooManyFailures = new(421, "4.7.0", "Too many failed logins");
    public static readonly SmtpReply TooManyMessages = new(421, "4.7.0", "Enough messages for one connection");
    public static readonly SmtpReply LocalErrorAtConnect = new(421, "4.3.0", "Local error, try again later");
    public static readonly SmtpReply NotMail = new(421, "4.7.0", "This is a mail server");

    public static readonly SmtpReply LocalError = new(451, "4.3.0", "Local error, try again later");
    public static readonly SmtpReply TooManyRecipients = new(452, "4.5.3", "Too many recipients");
    public static readonly SmtpReply LoginUnavailable = new(454, "4.7.0", "Cannot authenticate now, try again later");

    public static readonly SmtpReply LineTooLong = new(500, "5.5.2", "Line too long");
    public static readonly SmtpReply BareLineFeed = new(500, "5.5.2", "A line must end in CRLF");
    public static readonly SmtpReply UnknownCommand = new(500, "5.5.1", "Command not known");
    public static readonly SmtpReply AuthLineTooLong = new(500, "5.5.6", "Authentication line too long");
    public static readonly SmtpReply BadArgument = new(501, "5.5.4", "Argument missing or malformed");
    public static readonly SmtpReply NoArgument = new(501, "5.5.4", "This command takes no argument");
    public static readonly SmtpReply BadSender = new(501, "5.1.7", "Malformed sender address");
    public static readonly SmtpReply BadRecipient = new(501, "5.1.3", "Malformed recipient address");
    public static readonly SmtpReply RepeatedParameter = new(501, "5.5.4", "Parameter given twice");
    public static readonly SmtpReply BadParameterValue = new(501, "5.5.4", "Bad parameter value");
    public static readonly SmtpReply HeldTooLong = new(501, "5.5.4", "Not held for so long here");
    public static readonly SmtpReply BadBase64 = new(501, "5.5.2", "Not base64");
    public static readonly SmtpReply MalformedLogin = new(501, "5.5.2", "Not what the mechanism wants");
    public static readonly SmtpReply LoginCancelled = new(501, "5.7.0", "Authentication cancelled");
    public static readonly SmtpReply NotOffered = new(502, "5.5.1", "Not offered here");
    public static readonly SmtpReply HelloFirst = new(503, "5.5.1", "Say hello first");
    public static readonly SmtpReply Refused = new(503, "5.5.1", "You were refused, say QUIT");
    public static readonly SmtpReply MailFirst = new(503, "5.5.1", "MAIL first");
    public static readonly SmtpReply RecipientFirst = new(503, "5.5.1", "No valid recipients");
    public static readonly SmtpReply InTransaction = new(503, "5.5.1", "Not within a mail transaction");
    public static readonly SmtpReply AlreadyAuthenticated = new(503, "5.5.1", "Already authenticated");
    public static readonly SmtpReply AlreadySecured = new(503, "5.5.1", "TLS is on already");
    public static readonly SmtpReply NoMechanism = new(504, "5.5.4", "Mechanism not known");

    public static readonly SmtpReply ChunksOnly = new(503, "5.5.1", "This message can come by BDAT only");
    public static readonly SmtpReply TooLateForXClient = new(503, "5.5.1", "Too late for XCLIENT");
    public static readonly SmtpReply InChunks = new(503, "5.5.1", "Not while chunks are coming");

    public static readonly SmtpReply BadChunk = new(521, "5.5.4", "BDAT needs a number of octets, and LAST or nothing");
    public static readonly SmtpReply TlsFirst = new(530, "5.7.0", "Must issue a STARTTLS command first");
    public static readonly SmtpReply LoginFirst = new(530, "5.7.0", "Authentication required");
    public static readonly SmtpReply BadCredentials = new(535, "5.7.8", "Authentication credentials invalid");
    public static readonly SmtpReply LoginNeedsTls = new(538, "5.7.11", "Encryption required for authentication");
    public static readonly SmtpReply NoSuchList = new(550, "5.1.1", "No such list here");
    public static readonly SmtpReply TooManyTargets = new(550, "5.7.2", "Too many members to list");
    public static readonly SmtpReply NoSuchLogin = new(550, "5.7.1", "No such login here");
    public static readonly SmtpReply TooLarge = new(552, "5.3.4", "Message too large");
    public static readonly SmtpReply HeaderTooLarge = new(552, "5.3.4", "Message header too large");
    public static readonly SmtpReply NotTheirAddress = new(553, "5.7.1", "You may not send as this address");
    public static readonly SmtpReply Ambiguous = new(553, "5.1.3", "Give an address with its domain");
    public static readonly SmtpReply NeedsSmtpUtf8 = new(553, "5.6.7", "This address needs SMTPUTF8");
    public static readonly SmtpReply NoRecipients = new(554, "5.5.1", "No valid recipients");
    public static readonly SmtpReply LineOfMessageTooLong = new(554, "5.6.0", "A line of the message is too long");
    public static readonly SmtpReply BareLineFeedInMessage = new(554, "5.6.0", "The message holds an LF without CR");
    public static readonly SmtpReply BareCarriageReturnInMessage = new(554, "5.6.0", "The message holds a CR without LF");
    public static readonly SmtpReply NulInMessage = new(554, "5.6.0", "The message holds a NUL");
    public static readonly SmtpReply Looping = new(554, "5.4.6", "Too many Received fields, this message loops");
    public static readonly SmtpReply UnknownParameter = new(555, "5.5.4", "Parameter not known");
}
