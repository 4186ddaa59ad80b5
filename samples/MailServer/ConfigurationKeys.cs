using MailCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;

namespace MailServerSample;

/// <summary>
/// Finds what configuration would ignore in silence: arguments without meaning, and sections that nobody reads. Environment
/// variables outside of Mail__ belong to others.
/// </summary>
internal static class ConfigurationKeys
{
    private static readonly string[] Sections = ["Mail", "Logging"];
    private static readonly string[] HostKeys = ["environment", "contentRoot", "applicationName"];

    public static void Check(IConfigurationRoot configuration, string[] args)
    {
        var problems = CheckArguments(args).Concat(CheckFiles(configuration)).ToList();
        if (problems.Count > 0)
        {
            throw new MailServerConfigurationException(problems);
        }
    }

    private static IEnumerable<string> CheckArguments(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var argument = args[i];
            var name = argument.StartsWith("--", StringComparison.Ordinal) ? argument[2..] : argument;
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? name : name[..equals];
            var section = key.Split(':')[0];
            if ((equals < 0 && name == argument) || !Sections.Concat(HostKeys).Contains(section, StringComparer.OrdinalIgnoreCase))
            {
                yield return $"Unknown argument '{(equals < 0 ? argument : argument[..argument.IndexOf('=', StringComparison.Ordinal)])}'. Keys look like --Mail:DataFolder=/var/mail; --help lists them, and the verbs.";
            }

            // "--key value"
            else if (equals < 0 && ++i == args.Length)
            {
                yield return $"Argument '{argument}' has no value. Write {argument}=value.";
            }
        }
    }

    private static IEnumerable<string> CheckFiles(IConfigurationRoot configuration) =>
        from provider in configuration.Providers.OfType<JsonConfigurationProvider>()
        from key in provider.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase)
        where key != "$schema" && !Sections.Concat(HostKeys).Contains(key, StringComparer.OrdinalIgnoreCase)
        select $"Unknown configuration key '{key}' in {provider.Source.Path}. Use {string.Join(" or ", Sections)}.";
}
