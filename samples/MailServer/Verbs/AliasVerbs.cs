using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Aliases of the mail folder, beside a running server.</summary>
internal static class AliasVerbs
{
    public static Verb Verb { get; } = new(
        "alias",
        "add|list|remove|show [NAME] [--to ADDRESSES]",
        "Makes, lists and removes addresses that stand for others: one address, @example.org for all of a domain that nobody has, or an expression as '/^sales-.*@example\\.org$/'. The server may run meanwhile and obeys at once.",
        [new("to", "ADDRESSES", "separated by commas. add: who gets the mail, besides those who get it already; remove: who no longer does, all without it")],
        RunAsync)
    { MaxWords = 2 };

    private static Task<int> RunAsync(VerbContext context) => DirectoryAccess.Action(context, "list") switch
    {
        "add" => AddAsync(context),
        "list" => ListAsync(context),
        "remove" => RemoveAsync(context),
        "show" => ShowAsync(context),
        var other => throw DirectoryAccess.Unknown("alias", other),
    };

    private static async Task<int> AddAsync(VerbContext context)
    {
        var name = DirectoryAccess.Subject(context, "name");
        var targets = DirectoryAccess.List(context.Arguments.Get("to"));
        var directory = await DirectoryAccess.OpenOrMakeAsync(context);
        var known = await FindAsync(context, directory, name);
        var alias = MailAlias.Parse(name, [.. known?.Targets ?? [], .. targets]);
        try
        {
            await directory.SetAliasAsync(alias, context.Stop);
        }
        catch (InvalidOperationException taken)
        {
            throw DirectoryAccess.Refuse($"{taken.Message} 'account forward' passes its mail on.");
        }

        context.Say($"{alias.Name} leads to {string.Join(", ", alias.Targets)}.");
        return 0;
    }

    private static async Task<int> ListAsync(VerbContext context)
    {
        await foreach (var alias in DirectoryAccess.Open(context).ListAliasesAsync(context.Stop))
        {
            context.Say(alias.ToString());
        }

        foreach (var alias in context.Settings.Aliases)
        {
            context.Say($"{alias.Address} {string.Join(", ", alias.Targets)} (in the configuration)");
        }

        return 0;
    }

    private static async Task<int> ShowAsync(VerbContext context)
    {
        var name = DirectoryAccess.Subject(context, "name");
        var alias = await FindAsync(context, DirectoryAccess.Open(context), name) ?? throw DirectoryAccess.Refuse($"There is no alias {name}.");
        foreach (var target in alias.Targets)
        {
            context.Say(target);
        }

        return 0;
    }

    private static async Task<int> RemoveAsync(VerbContext context)
    {
        var name = DirectoryAccess.Subject(context, "name");
        var directory = DirectoryAccess.Open(context);
        var known = await FindAsync(context, directory, name) ?? throw DirectoryAccess.Refuse($"There is no alias {name}.");
        var left = context.Arguments.Find("to") is { } targets ? known.Targets.Except(DirectoryAccess.List(targets), StringComparer.OrdinalIgnoreCase).ToArray() : [];
        if (left.Length == 0)
        {
            await directory.RemoveAliasAsync(known.Name, context.Stop);
            context.Say($"Alias {known.Name} was removed.");
            return 0;
        }

        await directory.SetAliasAsync(MailAlias.Parse(known.Name, left), context.Stop);
        context.Say($"{known.Name} leads to {string.Join(", ", left)}.");
        return 0;
    }

    private static async Task<MailAlias?> FindAsync(VerbContext context, SqliteMailDirectory directory, string name)
    {
        await foreach (var alias in directory.ListAliasesAsync(context.Stop))
        {
            if (alias.Name.Equals(name, alias.IsExpression ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase))
            {
                return alias;
            }
        }

        return null;
    }
}
