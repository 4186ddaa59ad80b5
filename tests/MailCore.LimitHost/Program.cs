using MailCore.LimitHost;

// A process that the interop tests start with little memory. It does one large thing and prints "name=value" lines.
var folder = args[1];
var size = long.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture);
await (args[0] switch
{
    "rows" => RowsScenario.RunAsync(folder, (int)size),
    "message" => MessageScenario.RunAsync(folder, size),
    "accounts" => AccountsScenario.RunAsync(folder, (int)size),
    "sink" => SinkScenario.RunAsync(size),
    "idle" => IdleScenario.RunAsync((int)size),
    "idle-clients" => IdleClients.RunAsync(int.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture), args[4] == "tls", (int)size),
    "serve" => ServeScenario.RunAsync(folder, size),
    var other => throw new ArgumentException($"There is no scenario '{other}'."),
});
