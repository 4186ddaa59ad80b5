namespace MailCore.Smtp;

/// <summary>One filter of an endpoint.</summary>
/// <param name="Create">Gives a session its filter from the session's own scope of services.</param>
public sealed record SmtpFilterRegistration(Func<IServiceProvider, ISmtpFilter> Create)
{
    /// <summary>A filter that all sessions share.</summary>
    public SmtpFilterRegistration(ISmtpFilter filter)
        : this(_ => filter)
    {
    }

    /// <summary>What its exceptions and time-outs amount to.</summary>
    public SmtpFilterFailure OnFailure { get; init; }

    /// <summary>For one stage, after which its token fires; 30 s by default.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
