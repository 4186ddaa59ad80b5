namespace MailCore.Hosting;

/// <summary>What became of a configuration that was read anew.</summary>
/// <param name="Changed">Keys below the section ("Aliases:0:Targets:1") whose new value is in effect. Empty where the host configures in code alone.</param>
/// <param name="Pending">Keys whose new value waits for a restart: what they configure is as it was. They are told again with each reload.</param>
public sealed record ReloadReport(IReadOnlyList<string> Changed, IReadOnlyList<string> Pending);
