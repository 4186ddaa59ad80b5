using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MailCore.InteropTests.Trace;

/// <summary>
/// What a folder holds on the medium at any moment of an strace log (-f -y -xx): of a file's octets those that were written before a
/// flush of it began that has ended, of a folder's names those made before a flush of that folder. Nothing else is taken for granted,
/// so this is the worst of what a power cut may leave.
/// </summary>
internal sealed partial class FolderReplay(string root)
{
    // What the processes see, and what is on the medium: the same file may have other names in each.
    private readonly Dictionary<string, Node> _seen = new() { [root] = new Node(isFolder: true) };
    private readonly Dictionary<string, Node> _kept = new() { [root] = new Node(isFolder: true) };

    /// <summary>Calls of the log in the order in which they took effect; a flush twice, when it begins and when it ends.</summary>
    public static IEnumerable<(int Line, Action<FolderReplay> Apply)> Steps(IEnumerable<SystemCall> calls)
    {
        var steps = new List<(int, Action<FolderReplay>)>();
        foreach (var call in calls.Where(static call => call.Succeeded))
        {
            if (call.IsFlush)
            {
                var flush = new Flush(Plain(call.Path!));
                steps.Add((call.Begin, flush.Begin));
                steps.Add((call.End, flush.End));
            }
            else
            {
                steps.Add((call.End, replay => replay.Apply(call)));
            }
        }

        return steps.OrderBy(static step => step.Item1);
    }

    /// <summary>The text of an argument in hexadecimal, or as it is.</summary>
    public static string Plain(string text) => text.StartsWith("\\x", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Octets(text)) : text;

    public static byte[] Octets(string text) => Convert.FromHexString(text.Replace("\\x", "", StringComparison.Ordinal));

    /// <summary>Makes a folder of what is on the medium now. With a <paramref name="chance"/>, of what was not flushed each write and each name is there or not.</summary>
    public void WriteTo(string folder, Random? chance = null)
    {
        Directory.CreateDirectory(folder);
        var names = new Dictionary<string, Node>(_kept);
        foreach (var (path, node) in _seen)
        {
            if (chance?.Next(2) == 1 && !names.ContainsKey(path))
                names[path] = node;
        }

        foreach (var (path, node) in names.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(root, path));
            if (node.IsFolder)
                Directory.CreateDirectory(target);
            else if (Directory.Exists(Path.GetDirectoryName(target)) && !path.EndsWith("-shm", StringComparison.Ordinal))
                File.WriteAllBytes(target, node.OnMedium(chance));
        }
    }

    private void Apply(SystemCall call)
    {
        switch (call.Name)
        {
            case "openat" when Find(call) is { } path && call.Text.Contains("O_CREAT", StringComparison.Ordinal):
                _seen.TryAdd(path, new Node(isFolder: false));
                break;
            case "mkdir" or "mkdirat" when Find(call) is { } path:
                _seen[path] = new Node(isFolder: true);
                break;
            case "unlink" or "unlinkat" or "rmdir" when Find(call) is { } path:
                _seen.Remove(path);
                break;
            case "pwrite64" or "ftruncate" when call.Path is { } hex && _seen.TryGetValue(Plain(hex), out var file):
                file.Add(call.Name == "ftruncate" ? Truncation(call) : Write(call));
                break;
            case "write" or "writev" or "pwritev" or "fallocate" or "rename" or "renameat" or "renameat2" when Touches(call):
                throw new NotSupportedException($"{call.Name} is not replayed yet: {call.Text[..Math.Min(200, call.Text.Length)]}");
        }
    }

    private bool Touches(SystemCall call) => (call.Path is { } path && Plain(path).StartsWith(root, StringComparison.Ordinal)) || Find(call) is not null;

    private string? Find(SystemCall call) =>
        Name().Match(call.Text) is { Success: true } name && Plain(name.Groups[1].Value) is var path && (path == root || path.StartsWith(root + "/", StringComparison.Ordinal)) ? path : null;

    private static Change Write(SystemCall call)
    {
        var match = Written().Match(call.Text);
        return match.Success
            ? new Change(long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), Octets(match.Groups[1].Value))
            : throw new FormatException($"Not a whole write: {call.Text[..Math.Min(200, call.Text.Length)]}");
    }

    private static Change Truncation(SystemCall call) => new(long.Parse(call.Text[(call.Text.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture), null);

    [GeneratedRegex("\"((?:\\\\x[0-9a-f]{2})*)\"")]
    private static partial Regex Name();

    [GeneratedRegex("\"((?:\\\\x[0-9a-f]{2})*)\", \\d+, (\\d+)$")]
    private static partial Regex Written();

    /// <summary>Octets at an offset, or without any the end of the file there.</summary>
    private sealed record Change(long Offset, byte[]? Octets)
    {
        public byte[] ApplyTo(byte[] file)
        {
            var end = (int)Offset + (Octets?.Length ?? 0);
            if (Octets is null || end > file.Length)
                Array.Resize(ref file, end);

            Octets?.CopyTo(file, Offset);
            return file;
        }
    }

    private sealed class Node(bool isFolder)
    {
        private readonly List<Change> _pending = [];
        private byte[] _medium = [];

        public bool IsFolder { get; } = isFolder;

        public int Pending => _pending.Count;

        public void Add(Change change) => _pending.Add(change);

        public void Flush(int count)
        {
            foreach (var change in _pending.Take(count))
                _medium = change.ApplyTo(_medium);

            _pending.RemoveRange(0, count);
        }

        public byte[] OnMedium(Random? chance)
        {
            var file = (byte[])_medium.Clone();
            foreach (var change in _pending.Where(_ => chance?.Next(2) == 1))
                file = change.ApplyTo(file);

            return file;
        }
    }

    private sealed class Flush(string path)
    {
        private Node? _node;
        private int _count;
        private List<KeyValuePair<string, Node>> _names = [];

        public void Begin(FolderReplay replay)
        {
            if (!replay._seen.TryGetValue(path, out _node))
                return;

            _count = _node.Pending;
            _names = [.. replay._seen.Where(pair => Path.GetDirectoryName(pair.Key) == path)];
        }

        public void End(FolderReplay replay)
        {
            if (_node is not { IsFolder: true })
            {
                // Two flushes at once may cover the same writes.
                _node?.Flush(Math.Min(_count, _node.Pending));
                return;
            }

            foreach (var gone in replay._kept.Keys.Where(name => Path.GetDirectoryName(name) == path && !replay._seen.ContainsKey(name)).ToList())
                replay._kept.Remove(gone);

            foreach (var (name, node) in _names)
                replay._kept[name] = node;
        }
    }
}
