using System.Globalization;
using MailCore.StoreHost;

// A process with a SQLite store that fault tests kill, trace and starve. It prints what the store has acknowledged, and what a folder holds.
try
{
    await (args[0] switch
    {
        "fill" => Filling.RunAsync(args[1], int.Parse(args[2], CultureInfo.InvariantCulture), args[3..]),
        "list" => Listing.RunAsync(args[1..]),
        var other => throw new ArgumentException($"There is no verb '{other}'."),
    });
    return 0;
}
catch (IOException e)
{
    Console.WriteLine($"FAILED {e.GetType().Name}: {e.Message}");
    return 3;
}
