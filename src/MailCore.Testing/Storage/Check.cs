using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace MailCore.Testing.Storage;

/// <summary>Assertions of no framework.</summary>
internal static class Check
{
    private const int ItemsShown = 24;

    public static void That([DoesNotReturnIf(false)] bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new ConformanceException(otherwise);
        }
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new ConformanceException(string.Create(CultureInfo.InvariantCulture, $"{what}: expected {expected}, was {actual}."));
        }
    }

    public static void Sequence<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        var wanted = expected.ToList();
        var given = actual.ToList();
        if (!wanted.SequenceEqual(given))
        {
            throw new ConformanceException($"{what}: expected {Show(wanted)}, was {Show(given)}.");
        }
    }

    public static void Octets(ReadOnlyMemory<byte> expected, ReadOnlyMemory<byte> actual, string what)
    {
        Equal(expected.Length, actual.Length, $"{what}, number of octets");
        var at = expected.Span.CommonPrefixLength(actual.Span);
        That(at == expected.Length, $"{what}: octet {at} differs.");
    }

    public static T NotNull<T>(T? value, string what)
        where T : class => value ?? throw new ConformanceException($"{what}: was null.");

    /// <summary>The one item there is.</summary>
    public static T Only<T>(this IEnumerable<T> items, [CallerArgumentExpression(nameof(items))] string what = "")
    {
        var all = items.ToList();
        That(all.Count == 1, $"{what}: expected one, were {Show(all)}.");
        return all[0];
    }

    private static string Show<T>(List<T> items) =>
        $"[{string.Join(", ", items.Take(ItemsShown))}{(items.Count > ItemsShown ? $", ... {items.Count} in all" : "")}]";
}
