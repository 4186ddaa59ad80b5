namespace MailServerSample;

internal static class Help
{
    public const string Text = """
        MailServer: receives, submits, stores and serves mail (SMTP, LMTP, IMAP, POP3).

        Without configuration it listens on loopback only, keeps mail in ./data and makes one account,
        whose password it prints at its first start.

        Keys, in appsettings.json (section "Mail"), in environment variables (Mail__Domains__0=example.org)
        or on the command line (--Mail:Domains:0=example.org); later ones win:

          Mail:HostName                    this server's name in greetings and Received headers
          Mail:Domains:N                   a domain whose mail is ours
          Mail:DataFolder                  where mail is kept; ./data by default
          Mail:FullTextSearch              true keeps an index of texts, for SEARCH TEXT and BODY
          Mail:SharedAccount               address of an account whose shared mailboxes stand below "Shared"
          Mail:Certificate:File            certificate and intermediates, PEM
          Mail:Certificate:KeyFile         its private key, PEM; without it the key is in File
          Mail:Certificate:Password        for a File that is PKCS#12 (.p12, .pfx)
          Mail:Certificate:Folder          instead of File: the folder of certbot, lego or acme.sh
          Mail:Preset                      Rfc8314, DockerMailserver or DockerMailserverCurrent: the roles' TLS rules,
                                           and without Mail:Listeners also their ports
          Mail:Tls:MinimumVersion          1.2, the default, or 1.3
          Mail:Tls:CipherSuites:N          such as TLS_AES_256_GCM_SHA384; the operating system's own by default
          Mail:Tls:HandshakeTimeout        00:00:30 by default
          Mail:Tls:ClientCertificates      Ignore, the default, Request or Require
          Mail:Tls:ClientAuthorities       who signs those, PEM; the authorities that the machine trusts by default
          Mail:AllowSubmissionFrom:N       a network, such as 172.16.0.0/12, whose clients may send outward on Smtp without
                                           a login; nobody may by default
          Mail:Accounts:N:Address          an account, which is also its login name
          Mail:Accounts:N:Password         its password; kept as a hash, so it can be taken out again
          Mail:Accounts:N:SendAs:N         an address, or @example.org, that it may send as besides its own
          Mail:MasterUsers:N:Name          who may log in as any user, as user@example.org*name; for moving mail
          Mail:MasterUsers:N:Password      the password for that, 12 characters or more; instead of it
          Mail:MasterUsers:N:PasswordHash  $pbkdf2-sha512$... or {SHA512-CRYPT}$6$..., which rules SCRAM out
          Mail:MasterUsers:N:MaySubmit     true lets them submit mail as the users, too
          Mail:MasterUserSeparator         * by default; empty for none
          Mail:AccountsFile                postfix-accounts.cf of a docker-mailserver installation: its accounts are
                                           made, with their passwords, where they do not exist yet
          Mail:Aliases:N:Address           an address that stands for others; @example.org for all of a domain that nobody has,
                                           /^sales-.*@example\.org$/ for those that match; an account's own passes its mail on
          Mail:Aliases:N:Targets:N         one of those
          Mail:RelayDomains:N:Name         a domain whose mail is passed on
          Mail:RelayDomains:N:Via          where to, as [mail.internal]:25 or lmtp:[localhost]:24
          Mail:Relay:Enabled               true sends mail of our users to other servers, by a queue; see docs/relay.md
          Mail:Relay:MinimumDelay, :MaximumDelay, :Lifetime, :WarnAfter
                                           when it is tried again: 00:05:00, 01:06:40, 5.00:00:00 and 04:00:00 by default
          Mail:Relay:MaxConnections, :MaxConnectionsPerDestination
                                           100 and 20 by default
          Mail:Relay:DoubleBouncesTo       who is told when a notification can't be delivered; nobody by default
          Mail:Relay:SmartHosts:N:Host     a server that mail to others goes by, as [smtp.example.net]:587
          Mail:Relay:SmartHosts:N:User, :Password
                                           the login there; RELAY_HOST, RELAY_PORT, RELAY_USER, RELAY_PASSWORD and DEFAULT_RELAY_HOST
                                           are read as docker-mailserver does, and turn the relay on
          Mail:Routing:SubaddressDelimiters
                                           what ends the name in user+tag; + by default
          Mail:Routing:SubaddressMailboxes true delivers user+Folder into that mailbox, where there is one
          Mail:Routing:Postmaster          who gets mail for postmaster; the first account by default
          Mail:Routing:OverQuotaIsPermanent
                                           true refuses mail for a full mailbox for good (552) and not for now (452)
          Mail:Routing:VerifiesRelayRecipients
                                           false passes mail of relay domains on without asking their servers at RCPT
          Mail:Listeners:N:Role            Smtp, Submission, Submissions, Lmtp, Imap, Imaps, Pop3 or Pop3s
          Mail:Listeners:N:Port            the role's own by default; 0 for any free port
          Mail:Listeners:N:Address         an IP address of this machine, localhost, or * for all, the default
          Mail:Listeners:N:Path            a Unix socket instead
          Mail:Listeners:N:Socket          the FileDescriptorName of a socket unit of systemd that it must be served on; those that fit
                                           are taken without it
          Mail:Listeners:N:Tls             None, Opportunistic, Required or Implicit; the role's own by default
          Mail:Listeners:N:AllowCleartextAuthentication
                                           true lets clients log in without TLS, on localhost only
          Mail:Listeners:N:ProxyFrom:N     a network, such as 10.0.0.0/8, of proxies that send a PROXY header
          Mail:Listeners:N:XClientFrom:N   a network that may speak for its clients by XCLIENT; roles that take mail
          Mail:Listeners:N:XForwardFrom:N  a network that may tell by XFORWARD where mail came from; the same roles
          Mail:Filters:Dnsbl:N             a DNS list, such as zen.spamhaus.org, whose clients are refused
          Mail:Filters:Greylisting         true makes first contacts come back, after Mail:Filters:GreylistDelay (00:05:00)
          Mail:Filters:ClientNames         true asks of strangers a name in the DNS and a proper one in EHLO
          Mail:Filters:GreetingDelay       such as 00:00:05: holds the greeting back, and refuses who does not wait
          Mail:Filters:RefusedSenders:N, :RefusedRecipients:N
                                           expressions, such as @spam\.example$
          Mail:Filters:MessagesPerHour     that a user may submit; Mail:Filters:MessagesPerHourFromAddress that a stranger may send
          Mail:MaxMessageSize              octets of one message; 50 MB by default
          Mail:MaxConnections              at the same time; 10,000 by default
          Mail:MaxConnectionsPerAddress    at the same time from one address; 20 by default

          Logging:LogLevel:Default         Information by default; Debug tells more
          contentRoot                      the folder whose appsettings.json is read; the current one by default

        Example: a server for example.org with one account
          MailServer --Mail:HostName=mx.example.org --Mail:Accounts:0:Address=bob@example.org --Mail:Accounts:0:Password=secret \
            --Mail:Certificate:File=cert.pem --Mail:Certificate:KeyFile=key.pem --Mail:DataFolder=/var/lib/mail \
            --Mail:Listeners:0:Role=Smtp --Mail:Listeners:1:Role=Submissions --Mail:Listeners:2:Role=Imaps

        SIGTERM and Ctrl+C stop the server: sessions may finish their command. Exit code 0 after a stop, 1 when it can't start.
        SIGHUP, 'MailServer reload' and a changed appsettings.json make it read its configuration anew; see docs/appliance.md.

        Instead of serving mail, for the same mail folder; --help behind each tells more:

        """;

    public static bool IsWanted(string[] args) => args.Any(static argument => argument is "--help" or "-h" or "-?");
}
