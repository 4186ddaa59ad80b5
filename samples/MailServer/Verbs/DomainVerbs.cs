using MailCore.Messaging;
using MailCore.Storage;

namespace MailServerSample.Verbs;

/// <summary>Domains of the mail folder, beside a running server.</summary>
internal static class DomainVerbs
{
    public static Verb Verb { get; } = new(
        "domain",
        "add|list|remove|show [NAME] [--relay yes] [--via HOP]",
        "Makes domains ours, to store or to pass on, lists and removes them. The server may run meanwhile and obeys at once.",
        [
            new("relay", "yes|no", "add: pass its mail on instead of storing it"),
            new("via", "HOP", "add, with --relay yes: where to, as [mail.internal]:25 or lmtp:[localhost]:24; by the domain's mail exchangers without it"),
        ],
        RunAsync)
    { MaxWords = 2 };

    private static Task<int> RunAsync(VerbContext context) => DirectoryAccess.Action(context, "list") switch
    {
        "add" => AddAsync(context),
        "list" => ListAsync(context),
        "remove" => RemoveAsync(context),
        "show" => ShowAsync(context),
        var other => throw DirectoryAccess.Unknown("domain", other),
    };

    private static async Task<int> AddAsync(VerbContext context)
    {
        var isRelayed = DirectoryAccess.YesOrNo("relay", context.Arguments.Find("relay") ?? "no");
        NextHop? via = null;
        if (context.Arguments.Find("via") is { } text && (!isRelayed || !NextHop.TryParse(text, out via)))
        {
            throw DirectoryAccess.Refuse(isRelayed ? $"'{text}' is no next hop; write it as [mail.internal]:25 or lmtp:[localhost]:24." : "--via goes with --relay yes.");
        }

        var domain = new MailDomain(DirectoryAccess.Subject(context, "name")) { IsRelayed = isRelayed, Via = via };
        await (await DirectoryAccess.OpenOrMakeAsync(context)).SetDomainAsync(domain, context.Stop);
        context.Say(Describe(domain));
        return 0;
    }

    private static async Task<int> ListAsync(VerbContext context)
    {
        await foreach (var domain in DirectoryAccess.Open(context).ListDomainsAsync(context.Stop))
        {
            context.Say(Describe(domain));
        }

        foreach (var name in context.Settings.Domains)
        {
            context.Say($"{name}: stored here (in the configuration)");
        }

        foreach (var domain in context.Settings.RelayDomains)
        {
            context.Say($"{domain.Name}: passed on{(domain.Via is null ? "" : $" to {domain.Via}")} (in the configuration)");
        }

        return 0;
    }

    private static async Task<int> RemoveAsync(VerbContext context)
    {
        var name = DirectoryAccess.Subject(context, "name");
        if (!await DirectoryAccess.Open(context).RemoveDomainAsync(name, context.Stop))
        {
            throw DirectoryAccess.Refuse($"There is no domain {name}.");
        }

        context.Say($"Domain {name} was removed. Accounts and aliases in it stay.");
        return 0;
    }

    private static async Task<int> ShowAsync(VerbContext context)
    {
        var name = DirectoryAccess.Subject(context, "name").TrimEnd('.');
        var directory = DirectoryAccess.Open(context);
        var found = false;
        await foreach (var domain in directory.ListDomainsAsync(context.Stop))
        {
            if (domain.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                context.Say(Describe(domain));
                found = true;
            }
        }

        if (!found)
        {
            throw DirectoryAccess.Refuse($"There is no domain {name}.");
        }

        await foreach (var account in directory.ListAsync(context.Stop))
        {
            if (account.Address.Domain.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                context.Say($"  account {account.Address}");
            }
        }

        await foreach (var alias in directory.ListAliasesAsync(context.Stop))
        {
            if (name.Equals(alias.Domain ?? alias.Address?.Domain, StringComparison.OrdinalIgnoreCase))
            {
                context.Say($"  alias {alias}");
            }
        }

        return 0;
    }

    private static string Describe(MailDomain domain) => !domain.IsRelayed ? $"{domain.Name}: stored here"
        : domain.Via is { } via ? $"{domain.Name}: passed on to {via}"
        : $"{domain.Name}: passed on by its mail exchangers";
}
