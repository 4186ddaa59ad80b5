namespace MailCore.AspNetCore;

/// <summary>Who ASP.NET's mail comes from.</summary>
public sealed class EmailSenderOptions
{
    /// <summary>The address in From and on the envelope, such as no-reply@example.org; bounces go there.</summary>
    public string From { get; set; } = "";

    /// <summary>The name before it; null for none.</summary>
    public string? DisplayName { get; set; }
}
