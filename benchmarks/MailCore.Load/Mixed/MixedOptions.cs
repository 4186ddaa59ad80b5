using System.Globalization;

namespace MailCore.Load.Mixed;

/// <summary>The command line behind "mixed".</summary>
internal sealed record MixedOptions
{
    public const string Usage = """
        MailCore.Load mixed: the sample server under all protocols at once, with clients that are cut off, beside a Postfix that its mail goes to.

        Usage: dotnet run -c Release --project benchmarks/MailCore.Load -- mixed [options]

          --minutes N, --seconds N   how long (default 1 minute)
          --rate N                   messages a second that strangers bring; a third as many are submitted, of which most leave (default 12)
          --cuts N                   share in percent of sessions that may be cut at any octet (default 20)
          --seed N                   what the clients draw is drawn from this (default 1)
          --server FILE              MailServer.dll; by default the one built from samples/MailServer beside this program
          --data DIR                 where server and Postfix keep mail (default: a new temporary folder). A folder made in it is removed at the end
          --sabotage                 removes a message behind the driver's back: the run must fail
          --markdown                 print the result as Markdown, for docs/performance.md

        It needs Debian's package postfix and root. Exit code 0: nothing lost, nothing damaged, no error unexplained, and memory flat.
        """;

    public TimeSpan Time { get; private init; } = TimeSpan.FromMinutes(1);

    public double Rate { get; private init; } = 12;

    public double Cuts { get; private init; } = 0.2;

    public int Seed { get; private init; } = 1;

    public string? Server { get; private init; }

    public string? Data { get; private init; }

    public bool Sabotage { get; private init; }

    public bool Markdown { get; private init; }

    public bool Help { get; private init; }

    /// <exception cref="FormatException">The command line is wrong; the message says how.</exception>
    public static MixedOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new MixedOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            string Value() => ++i < arguments.Count ? arguments[i] : throw new FormatException($"{name} needs a value.");
            int Number() => int.TryParse(Value(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"{name} needs a number.");
            options = name switch
            {
                "--minutes" => options with { Time = TimeSpan.FromMinutes(Number()) },
                "--seconds" => options with { Time = TimeSpan.FromSeconds(Number()) },
                "--rate" => options with { Rate = Math.Max(1, Number()) },
                "--cuts" => options with { Cuts = Number() / 100.0 },
                "--seed" => options with { Seed = Number() },
                "--server" => options with { Server = Value() },
                "--data" => options with { Data = Value() },
                "--sabotage" => options with { Sabotage = true },
                "--markdown" => options with { Markdown = true },
                "--help" => options with { Help = true },
                _ => throw new FormatException($"Unknown argument {name}; mixed --help lists them."),
            };
        }

        return options;
    }
}
