using System.Collections.Immutable;

namespace MailCore.Testing.Faults;

/// <summary>
/// The faults of a test server. At each moment the first that fires, in the order they were added, is the one that comes; those behind
/// it do not count the occasion. Thread-safe.
/// </summary>
public sealed class FaultPlan
{
    private ImmutableArray<Fault> _faults = [];

    internal FaultPlan()
    {
    }

    /// <summary>Those there are now.</summary>
    public IReadOnlyList<Fault> All => _faults;

    internal bool IsEmpty => _faults.IsEmpty;

    /// <summary>At the greeting; of all protocols without one named.</summary>
    public Fault OnConnect(TestProtocol? protocol = null) => At(FaultStage.Connect, protocol, "connect");

    /// <summary>
    /// At a TLS handshake, implicit or asked for. <see cref="Fault.Disconnect"/>, <see cref="Fault.Reset"/>,
    /// <see cref="Fault.GarbleReply"/> (octets that are no TLS) and <see cref="Fault.Delay"/> work here.
    /// </summary>
    public Fault OnTls(TestProtocol? protocol = null) => At(FaultStage.Tls, protocol, "TLS");

    /// <summary>At EHLO, HELO and LHLO.</summary>
    public Fault OnHello() => OnVerbs(TestProtocol.Smtp, "EHLO", "HELO", "LHLO");

    /// <summary>At AUTH, LOGIN, AUTHENTICATE, PASS and APOP. The user is not known yet, so that <see cref="Fault.For"/> does not work here.</summary>
    public Fault OnLogin(TestProtocol? protocol = null) => OnVerbs(protocol, "AUTH", "LOGIN", "AUTHENTICATE", "PASS", "APOP");

    /// <summary>At MAIL FROM.</summary>
    public Fault OnMailFrom() => OnSmtp("MAIL");

    /// <summary>At RCPT TO, of this inbox or of any.</summary>
    public Fault OnRecipient(TestInbox? inbox = null) => OnSmtp("RCPT").ForOrAny(inbox);

    /// <summary>At DATA and BDAT, before the message.</summary>
    public Fault OnData() => OnVerbs(TestProtocol.Smtp, "DATA", "BDAT");

    /// <summary>When a message for this inbox, or any, has come in whole and its reply is due.</summary>
    public Fault OnMessage(TestInbox? inbox = null) => At(FaultStage.Message, TestProtocol.Smtp, "message").ForOrAny(inbox);

    /// <summary>At an SMTP or LMTP command.</summary>
    public Fault OnSmtp(string verb) => OnVerbs(TestProtocol.Smtp, verb);

    /// <summary>At an IMAP command; "UID FETCH" is another than "FETCH".</summary>
    public Fault OnImap(string verb) => OnVerbs(TestProtocol.Imap, verb);

    /// <summary>At a POP3 command.</summary>
    public Fault OnPop3(string verb) => OnVerbs(TestProtocol.Pop3, verb);

    /// <summary>
    /// Leaves a capability out wherever it is announced ("STARTTLS", "AUTH", "IDLE", "AUTH=PLAIN"), and answers its command as an
    /// unknown one in sessions that were not told of it.
    /// </summary>
    public Fault HideCapability(string name, TestProtocol? protocol = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var fault = new Fault(this, $"capability {name}", point =>
            point.Stage == FaultStage.Capability && point.Text.Equals(name, StringComparison.OrdinalIgnoreCase) && (protocol is null || protocol == point.Protocol));
        return fault.Hide();
    }

    /// <summary>Takes all away.</summary>
    public void Clear() => ImmutableInterlocked.Update(ref _faults, static faults => []);

    internal void Add(Fault fault) => ImmutableInterlocked.Update(ref _faults, static (faults, fault) => faults.Contains(fault) ? faults : faults.Add(fault), fault);

    internal void Remove(Fault fault) => ImmutableInterlocked.Update(ref _faults, static (faults, fault) => faults.Remove(fault), fault);

    internal FaultEffect? Match(FaultPoint point, out string? description)
    {
        foreach (var fault in _faults)
        {
            if (fault.Fires(point))
            {
                description = fault.ToString();
                return fault.Effect;
            }
        }

        description = null;
        return null;
    }

    private Fault At(FaultStage stage, TestProtocol? protocol, string description) =>
        new(this, description, point => point.Stage == stage && (protocol is null || protocol == point.Protocol));

    private Fault OnVerbs(TestProtocol? protocol, params string[] verbs)
    {
        foreach (var verb in verbs)
        {
            ArgumentException.ThrowIfNullOrEmpty(verb);
        }

        return new Fault(this, string.Join('/', verbs), point =>
            point.Stage == FaultStage.Command
            && (protocol is null || protocol == point.Protocol)
            && verbs.Contains(point.Verb, StringComparer.OrdinalIgnoreCase));
    }
}
