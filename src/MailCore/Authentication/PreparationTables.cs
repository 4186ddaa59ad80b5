using System.Collections.Frozen;
using System.IO.Compression;

namespace MailCore.Authentication;

/// <summary>The data of RFC 3454 and of Unicode 3.2's normalisation. Read from PreparationTables.bin, which PreparationTables.py makes; constant.</summary>
internal sealed class PreparationTables
{
    private static readonly Lazy<PreparationTables> Loaded = new(static () => new PreparationTables());

    private readonly FrozenDictionary<int, int> _classes;

    private PreparationTables()
    {
        using var resource = typeof(PreparationTables).Assembly.GetManifestResourceStream("MailCore.Authentication.PreparationTables.bin")!;
        using var numbers = new BinaryReader(new BufferedStream(new ZLibStream(resource, CompressionMode.Decompress)));
        Decompositions = ReadMap(numbers, static numbers =>
        {
            var parts = new int[numbers.Read7BitEncodedInt()];
            for (var i = 0; i < parts.Length; i++)
            {
                parts[i] = numbers.Read7BitEncodedInt();
            }

            return parts;
        });
        _classes = ReadMap(numbers, static numbers => numbers.Read7BitEncodedInt());
        var compositions = new Dictionary<(int, int), int>();
        for (var count = numbers.Read7BitEncodedInt(); count > 0; count--)
        {
            compositions.Add((numbers.Read7BitEncodedInt(), numbers.Read7BitEncodedInt()), numbers.Read7BitEncodedInt());
        }

        Compositions = compositions.ToFrozenDictionary();
        MappedToNothing = new CodePoints(numbers);
        MappedToSpace = new CodePoints(numbers);
        Prohibited = new CodePoints(numbers);
        RightToLeft = new CodePoints(numbers);
        LeftToRight = new CodePoints(numbers);
    }

    public static PreparationTables Instance => Loaded.Value;

    /// <summary>Full compatibility decompositions.</summary>
    public FrozenDictionary<int, int[]> Decompositions { get; }

    /// <summary>Without those that composition excludes.</summary>
    public FrozenDictionary<(int First, int Second), int> Compositions { get; }

    /// <summary>Table B.1.</summary>
    public CodePoints MappedToNothing { get; }

    /// <summary>Table C.1.2.</summary>
    public CodePoints MappedToSpace { get; }

    /// <summary>Tables C.1.2, C.2.1, C.2.2 and C.3 to C.9.</summary>
    public CodePoints Prohibited { get; }

    /// <summary>Table D.1.</summary>
    public CodePoints RightToLeft { get; }

    /// <summary>Table D.2.</summary>
    public CodePoints LeftToRight { get; }

    public int CombiningClass(int point) => point < 0x300 ? 0 : _classes.GetValueOrDefault(point);

    private static FrozenDictionary<int, TValue> ReadMap<TValue>(BinaryReader numbers, Func<BinaryReader, TValue> readValue)
    {
        var map = new Dictionary<int, TValue>();
        var key = 0;
        for (var count = numbers.Read7BitEncodedInt(); count > 0; count--)
        {
            key += numbers.Read7BitEncodedInt();
            map.Add(key, readValue(numbers));
        }

        return map.ToFrozenDictionary();
    }

    /// <summary>A set of code points, as sorted ranges.</summary>
    internal sealed class CodePoints
    {
        private readonly int[] _starts;
        private readonly int[] _ends;

        public CodePoints(BinaryReader numbers)
        {
            _starts = new int[numbers.Read7BitEncodedInt()];
            _ends = new int[_starts.Length];
            var at = 0;
            for (var i = 0; i < _starts.Length; i++)
            {
                _starts[i] = at += numbers.Read7BitEncodedInt();
                _ends[i] = at += numbers.Read7BitEncodedInt();
            }
        }

        public bool Contains(int point)
        {
            var found = Array.BinarySearch(_starts, point);
            return found >= 0 || (~found > 0 && point <= _ends[~found - 1]);
        }
    }
}
