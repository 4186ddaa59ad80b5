using MailCore.Hosting;

namespace MailServerSample.Verbs;

/// <summary>The words behind a verb: its own options, and keys of the configuration as the server takes them.</summary>
internal sealed class VerbArguments
{
    private static readonly string[] Configured = ["Mail:", "Logging:", "environment", "contentRoot"];

    private readonly Dictionary<string, string> _options = [];

    /// <summary>Words that are no options, such as what to do and with whom.</summary>
    public List<string> Words { get; } = [];

    /// <summary>What belongs to the configuration.</summary>
    public List<string> Configuration { get; } = [];

    /// <exception cref="MailServerConfigurationException">A word is not understood.</exception>
    public static VerbArguments Parse(Verb verb, IReadOnlyList<string> words)
    {
        var arguments = new VerbArguments();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (!word.StartsWith("--", StringComparison.Ordinal) && arguments.Words.Count < verb.MaxWords)
            {
                arguments.Words.Add(word);
                continue;
            }

            var name = word.StartsWith("--", StringComparison.Ordinal) ? word[2..].Split('=')[0] : "";
            var isConfigured = Configured.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
            if (!isConfigured && !verb.Options.Any(option => option.Name == name))
            {
                throw new MailServerConfigurationException([$"'{word}' means nothing to {verb.Name}; MailServer {verb.Name} --help lists what does."]);
            }

            var cut = word.IndexOf('=', StringComparison.Ordinal);
            if (cut < 0 && ++i == words.Count)
            {
                throw new MailServerConfigurationException([$"{word} needs a value."]);
            }

            var value = cut < 0 ? words[i] : word[(cut + 1)..];
            if (isConfigured)
            {
                arguments.Configuration.Add($"--{name}={value}");
            }
            else
            {
                arguments._options[name] = value;
            }
        }

        return arguments;
    }

    public string? Find(string option) => _options.GetValueOrDefault(option);

    /// <exception cref="MailServerConfigurationException">It is not there.</exception>
    public string Get(string option) => Find(option) ?? throw new MailServerConfigurationException([$"--{option} is missing."]);
}
