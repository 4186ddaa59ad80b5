namespace MailCore.Delivery;

/// <summary>What an operator may have copied from a header or a log.</summary>
public static class MessageTraceNames
{
    /// <summary>As a Message-ID: with its angle brackets.</summary>
    public static string MessageId(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var text = name.Trim();
        return text.StartsWith('<') ? text : $"<{text}>";
    }

    /// <summary>As a queue id: in capitals.</summary>
    public static string QueueId(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Trim().ToUpperInvariant();
    }
}
