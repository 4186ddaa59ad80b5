using System.Diagnostics;
using System.Text;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests.Tools;

/// <summary>A mail program of the machine, named with the Debian package that it comes from.</summary>
internal sealed class ClientTool(string command, string package)
{
    public static ClientTool Curl { get; } = new("curl", "curl");

    public static ClientTool Swaks { get; } = new("swaks", "swaks");

    public static ClientTool Python { get; } = new("python3", "python3");

    public static ClientTool Mutt { get; } = new("mutt", "mutt");

    public static ClientTool Mbsync { get; } = new("mbsync", "isync");

    public static ClientTool Fetchmail { get; } = new("fetchmail", "fetchmail");

    public static ClientTool Getmail { get; } = new("getmail", "getmail6");

    public static ClientTool Mpop { get; } = new("mpop", "mpop");

    public static ClientTool Imapfilter { get; } = new("imapfilter", "imapfilter");

    public static ClientTool Offlineimap { get; } = new("offlineimap", "offlineimap3");

    public static ClientTool Thunderbird { get; } = new("thunderbird", "thunderbird");

    public static ClientTool Chromium { get; } = new("chromium", "chromium");

    public static ClientTool Node { get; } = new("node", "nodejs");

    public static ClientTool Openssl { get; } = new("openssl", "openssl");

    public static ClientTool Gsasl { get; } = new("gsasl", "gsasl");

    public static ClientTool Testssl { get; } = new("testssl", "testssl.sh");

    public static ClientTool Msmtp { get; } = new("msmtp", "msmtp");

    public static ClientTool Strace { get; } = new("strace", "strace");

    public static ClientTool Postfix { get; } = new("postfix", "postfix");

    public static ClientTool Shell { get; } = new("sh", "dash");

    /// <summary>Where the program is, or null.</summary>
    public string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists);

    /// <summary>Ends the test as skipped where the program is missing, or as failed where all must be there.</summary>
    public void Require()
    {
        if (Find() is not null)
            return;

        Miss($"'{command}' is missing; install the Debian package '{package}'.");
    }

    /// <summary>The same for a program that is there but may not do its work, which these arguments try.</summary>
    public async Task RequireAsync(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        if (result.ExitCode != 0)
            Miss($"'{command}' does not work here: {result.Errors}");
    }

    public async Task<ClientResult> RunAsync(IEnumerable<string> arguments, byte[]? input = null, ClientSurroundings? surroundings = null)
    {
        Require();
        var start = new ProcessStartInfo(Find()!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = surroundings?.Folder ?? "",
        };
        foreach (var (name, value) in surroundings?.Variables ?? [])
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        using var timeout = new CancellationTokenSource(surroundings?.Timeout ?? TimeSpan.FromSeconds(60));
        var output = ReadAsync(process.StandardOutput.BaseStream);
        var errors = ReadAsync(process.StandardError.BaseStream);
        try
        {
            await WriteAsync(process, input);
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{command} did not end in time.\n{Encoding.UTF8.GetString(await output)}\n{Encoding.UTF8.GetString(await errors)}");
        }

        return new ClientResult(command, process.ExitCode, await output, Encoding.UTF8.GetString(await errors));
    }

    /// <summary>Starts the program without waiting for its end.</summary>
    public ChildProcess Start(IEnumerable<string> arguments, string folder, Dictionary<string, string>? variables = null)
    {
        Require();
        return ChildProcess.Start([Find()!, .. arguments], folder, variables);
    }

    /// <summary>Something of a client is missing: the test is skipped, or failed where all must be there.</summary>
    public static void Miss(string message)
    {
        if (Environment.GetEnvironmentVariable("MAILCORE_REQUIRE_CLIENTS") == "1")
            Assert.Fail(message);

        Assert.Ignore(message);
    }

    private static async Task WriteAsync(Process process, byte[]? input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input ?? []);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all; its exit code tells the rest.
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory);
        return memory.ToArray();
    }
}

/// <summary>Where a program runs.</summary>
internal sealed record ClientSurroundings(string? Folder = null, Dictionary<string, string>? Variables = null, TimeSpan? Timeout = null);

/// <summary>What a program did.</summary>
internal sealed record ClientResult(string Command, int ExitCode, byte[] Output, string Errors)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Fails the test, with all that was printed, unless the program succeeded.</summary>
    public ClientResult Succeeded()
    {
        Assert.That(ExitCode, Is.Zero, $"{Command} failed:\n{Text}\n{Errors}");
        return this;
    }
}
