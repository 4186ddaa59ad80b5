namespace MailCore.Testing;

/// <summary>Mail did not come that a test waited for, or came where none should. The message holds what did arrive and the transcripts.</summary>
public sealed class MailAssertionException : Exception
{
    /// <summary>With all that is known.</summary>
    public MailAssertionException(string message)
        : base(message)
    {
    }

    internal MailAssertionException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
