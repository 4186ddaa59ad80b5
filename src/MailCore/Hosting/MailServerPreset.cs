using MailCore.Tls;

namespace MailCore.Hosting;

/// <summary>One port of a preset.</summary>
/// <param name="Role">What is spoken there, and for whom.</param>
/// <param name="Port">TCP.</param>
/// <param name="Tls">The rule.</param>
/// <param name="IsOn">Whether the preset listens there; the rule holds also for an endpoint that the host adds.</param>
public sealed record PresetEndpoint(ListenerRole Role, int Port, TlsMode Tls, bool IsOn = true);

/// <summary>Ports and TLS rules for all roles of a mail server, as data. The table is in docs/tls.md.</summary>
/// <param name="Name">Its name in configuration.</param>
/// <param name="Endpoints">At most one for a role.</param>
public sealed record MailServerPreset(string Name, IReadOnlyList<PresetEndpoint> Endpoints)
{
    /// <summary>What RFC 8314 asks for; the default. POP3 has to be asked for.</summary>
    public static MailServerPreset Rfc8314 { get; } = new(nameof(Rfc8314),
    [
        new(ListenerRole.Smtp, 25, TlsMode.Opportunistic),
        new(ListenerRole.Submissions, 465, TlsMode.Implicit),
        new(ListenerRole.Submission, 587, TlsMode.Required),
        new(ListenerRole.Imaps, 993, TlsMode.Implicit),
        new(ListenerRole.Imap, 143, TlsMode.Required),
        new(ListenerRole.Pop3s, 995, TlsMode.Implicit, IsOn: false),
        new(ListenerRole.Pop3, 110, TlsMode.Required, IsOn: false),
    ]);

    /// <summary>
    /// The table of docker-mailserver's documentation: 25 in cleartext, for transfer and, with
    /// <see cref="MailServerBuilder.AllowSubmissionFrom"/>, for submission from trusted networks.
    /// </summary>
    public static MailServerPreset DockerMailserver { get; } = new(nameof(DockerMailserver),
    [
        new(ListenerRole.Smtp, 25, TlsMode.None),
        new(ListenerRole.Submission, 587, TlsMode.Required),
        new(ListenerRole.Submissions, 465, TlsMode.Implicit, IsOn: false),
        new(ListenerRole.Imap, 143, TlsMode.Required),
        new(ListenerRole.Imaps, 993, TlsMode.Implicit),
        new(ListenerRole.Pop3, 110, TlsMode.Required, IsOn: false),
        new(ListenerRole.Pop3s, 995, TlsMode.Implicit, IsOn: false),
    ]);

    /// <summary>What docker-mailserver ships today: STARTTLS on 25, and 465.</summary>
    public static MailServerPreset DockerMailserverCurrent { get; } = new(nameof(DockerMailserverCurrent),
    [
        new(ListenerRole.Smtp, 25, TlsMode.Opportunistic),
        new(ListenerRole.Submissions, 465, TlsMode.Implicit),
        new(ListenerRole.Submission, 587, TlsMode.Required),
        new(ListenerRole.Imap, 143, TlsMode.Required),
        new(ListenerRole.Imaps, 993, TlsMode.Implicit),
        new(ListenerRole.Pop3, 110, TlsMode.Required, IsOn: false),
        new(ListenerRole.Pop3s, 995, TlsMode.Implicit, IsOn: false),
    ]);

    /// <summary>Those that come with MailCore.</summary>
    public static IReadOnlyList<MailServerPreset> All { get; } = [Rfc8314, DockerMailserver, DockerMailserverCurrent];

    /// <summary>The rule for a role; for one that the preset does not name, as LMTP, no TLS.</summary>
    public TlsMode TlsFor(ListenerRole role) => Endpoints.FirstOrDefault(endpoint => endpoint.Role == role)?.Tls ?? TlsMode.None;
}
