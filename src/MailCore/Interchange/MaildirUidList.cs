using System.Globalization;

namespace MailCore.Interchange;

/// <summary>
/// The UIDs of a Maildir as Dovecot keeps them beside it: a header with UIDVALIDITY and UIDNEXT, then a line for each file, named
/// without its flags. Versions 1 and 3 of the file.
/// </summary>
internal sealed class MaildirUidList
{
    public const string FileName = "dovecot-uidlist";

    private readonly Dictionary<string, uint> _uids = new(StringComparer.Ordinal);

    public uint? UidValidity { get; private set; }

    /// <summary>Dovecot adds lines without writing the header anew: what it says there may be too low.</summary>
    public uint UidNext { get; private set; } = 1;

    /// <summary>An empty one when there is no such file; lines that make no sense are passed over.</summary>
    public static MaildirUidList Read(string folder)
    {
        var list = new MaildirUidList();
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return list;
        }

        var isFirst = true;
        foreach (var line in File.ReadLines(path))
        {
            if (isFirst)
            {
                list.ReadHeader(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                isFirst = false;
            }
            else
            {
                list.ReadLine(line);
            }
        }

        return list;
    }

    public uint? Find(string baseName) => _uids.TryGetValue(baseName, out var uid) ? uid : null;

    public static string Header(uint uidValidity, uint uidNext) => string.Create(CultureInfo.InvariantCulture, $"3 V{uidValidity} N{uidNext}\n");

    public static string Line(uint uid, string baseName) => string.Create(CultureInfo.InvariantCulture, $"{uid} :{baseName}\n");

    private void ReadHeader(string[] words)
    {
        switch (words)
        {
            case ["1", var validity, var next, ..]:
                (UidValidity, UidNext) = (Number(validity), Number(next) ?? 1);
                break;
            case ["3", .. var fields]:
                foreach (var field in fields)
                {
                    if (field[0] == 'V')
                    {
                        UidValidity = Number(field[1..]);
                    }
                    else if (field[0] == 'N')
                    {
                        UidNext = Number(field[1..]) ?? 1;
                    }
                }

                break;
        }
    }

    // "uid name", or "uid Ssize Wsize :name".
    private void ReadLine(string line)
    {
        var cut = line.IndexOf(' ', StringComparison.Ordinal);
        if (cut <= 0 || Number(line[..cut]) is not { } uid)
        {
            return;
        }

        var name = line.IndexOf(" :", cut, StringComparison.Ordinal) is >= 0 and var colon ? line[(colon + 2)..] : line[(cut + 1)..];
        _uids[MaildirFlags.BaseName(name)] = uid;
        if (uid < uint.MaxValue)
        {
            UidNext = Math.Max(UidNext, uid + 1);
        }
    }

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
