using System.Globalization;

namespace MailCore.Load;

internal enum LoadClientKind
{
    Own,
    SmtpSource,
}

/// <summary>The command line.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        MailCore.Load: SMTP delivery, IMAP and POP3 over loopback, as ratios to references measured in the same rounds.

        Usage: dotnet run -c Release --project benchmarks/MailCore.Load -- [options]

          --rows A,B,...     rows to measure, by name or by the start of one (sink, durable-1k, sink-1k-16,
                             imap, imap-100k, pop3, relay); without it all SMTP rows over kept connections
          --rounds N         rounds per row that count (default 7); rounds with CPU steal over 5 % are repeated
          --client own|smtp-source
                             who sends (default own; smtp-source is Postfix's, and gives no latencies)
          --data DIR         where the durable store and the fdatasync file lie (default: a new temporary
                             folder); must be a disk. A folder made in it is removed at the end
          --no-engine        MailCore's connections under the bare loop in the place of its SMTP engine: what they
                             cost alone (discard sink only)
          --quick            3 rounds of a tenth of the messages: to see that it works, not for the table
          --markdown         print the tables as Markdown, for docs/performance.md
          --list             print the names of the rows
          --help             this text

        mixed [--help] is another program: the sample server under all protocols at once, for an hour or as long as is said.

        Modes that the driver starts as its own child processes, usable by hand for profiling. They listen on
        127.0.0.1, port 0, print the port, answer "stats" on standard input and end with its end:

          bare                                          the bare pipe loop
          serve --sink discard|durable|net [--data DIR] MailCore; net is --no-engine's
          relay --data DIR --sink PORT                  MailCore's durable queue, filled by "fill N SIZE", let go by "release"
          mailboxes --data DIR --accounts N [--text-index] [--forget-keys]
                                                        MailCore's IMAP (the port printed) and POP3 over the durable store

        smtp-sink and smtp-source come with Debian's package postfix. Rows beside Postfix and Dovecot start these, with
        configurations and folders of their own, and need root; Dovecot's packages are dovecot-imapd, dovecot-pop3d and dovecot-lmtpd.
        """;

    public IReadOnlyList<string> Rows { get; private init; } = [];

    public int Rounds { get; private init; } = 7;

    public LoadClientKind Client { get; private init; }

    public string? Data { get; private init; }

    public bool Engine { get; private init; } = true;

    public bool Quick { get; private init; }

    public bool Markdown { get; private init; }

    public bool List { get; private init; }

    public bool Help { get; private init; }

    /// <exception cref="FormatException">The command line is wrong; the message says how.</exception>
    public static LoadOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new LoadOptions();
        var rounds = 0;
        for (var i = 0; i < arguments.Count; i++)
        {
            string Value() => ++i < arguments.Count ? arguments[i] : throw new FormatException($"{arguments[i - 1]} needs a value.");
            switch (arguments[i])
            {
                case "--rows":
                    options = options with { Rows = Value().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
                    break;
                case "--rounds":
                    rounds = int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
                        ? count
                        : throw new FormatException("--rounds needs a positive number.");
                    break;
                case "--client":
                    options = options with
                    {
                        Client = Value() switch
                        {
                            "own" => LoadClientKind.Own,
                            "smtp-source" => LoadClientKind.SmtpSource,
                            var other => throw new FormatException($"--client is own or smtp-source, not {other}."),
                        },
                    };
                    break;
                case "--data":
                    options = options with { Data = Value() };
                    break;
                case "--no-engine":
                    options = options with { Engine = false };
                    break;
                case "--quick":
                    options = options with { Quick = true };
                    break;
                case "--markdown":
                    options = options with { Markdown = true };
                    break;
                case "--list":
                    options = options with { List = true };
                    break;
                case "--help" or "-h":
                    options = options with { Help = true };
                    break;
                case var unknown:
                    throw new FormatException($"Unknown option {unknown}; --help lists them.");
            }
        }

        return options with { Rounds = rounds != 0 ? rounds : options.Quick ? 3 : 7 };
    }
}
