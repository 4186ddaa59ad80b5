using System.Globalization;

namespace MailCore.Load.Linux;

/// <summary>Finds the TCP port of a server that was told to take any and does not say which.</summary>
internal static class ListeningPort
{
    private const string Listening = "0A";

    /// <summary>The port that the process listens on over IPv4, or 0 if it does not yet.</summary>
    public static int Find(int processId)
    {
        var sockets = new DirectoryInfo($"/proc/{processId}/fd").EnumerateFiles()
            .Select(file => file.LinkTarget)
            .Where(target => target?.StartsWith("socket:[", StringComparison.Ordinal) == true)
            .Select(target => target![8..^1])
            .ToHashSet();
        return File.ReadLines("/proc/net/tcp").Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == Listening && sockets.Contains(fields[9]))
            .Select(fields => int.Parse(fields[1].AsSpan(fields[1].IndexOf(':') + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            .FirstOrDefault();
    }
}
