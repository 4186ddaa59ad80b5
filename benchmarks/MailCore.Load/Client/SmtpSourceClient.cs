using System.Diagnostics;
using System.Globalization;

namespace MailCore.Load.Client;

/// <summary>Postfix's load generator, as a second opinion on the server.</summary>
internal sealed class SmtpSourceClient : ILoadClient
{
    public ClientRun Send(LoadTarget target, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(PostfixTool.Find("smtp-source")) { RedirectStandardError = true };
        string[] arguments =
        [
            "-4", "-M", "client.example", "-f", "load@client.example", "-t", "u0@example.org",
            "-m", Text(target.Messages), "-s", Text(target.Connections), "-l", Text(target.MessageSize),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (target.Kept)
        {
            start.ArgumentList.Add("-d");
        }

        start.ArgumentList.Add($"127.0.0.1:{Text(target.Port)}");
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        using var ended = cancellationToken.UnsafeRegister(static state => ((Process)state!).Kill(), process);
        var complaint = process.StandardError.ReadToEnd();
        process.WaitForExit();
        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode == 0
            ? new ClientRun(Stopwatch.GetElapsedTime(started), [])
            : throw new IOException($"smtp-source: {complaint.Trim()}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Where Postfix's test programs lie; Debian puts them into sbin, which is not in every user's PATH.</summary>
internal static class PostfixTool
{
    /// <exception cref="IOException">It is not installed; the message names the package.</exception>
    public static string Find(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Append("/usr/local/sbin");
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new IOException($"{name} is not installed. Install Debian's package postfix (apt-get install -y --no-install-recommends postfix); only this program is used, never the daemon.");
    }
}
