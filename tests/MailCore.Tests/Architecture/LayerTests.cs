using System.Reflection;
using NUnit.Framework;

namespace MailCore.Tests.Architecture;

/// <summary>Folders are layers: each may use those named before it and none named after it.</summary>
public class LayerTests
{
    // In layer order, as docs/architecture.md draws them. The root namespace stands with Hosting, on top.
    private static readonly string[] Layers =
    [
        "Messaging", "Mime", "Storage", "Net", "Tls", "Authentication", "Dns", "Smtp.Wire", "Delivery", "Relay", "Smtp", "Imap", "Pop3", "Interchange", "Hosting",
    ];

    private static readonly Assembly Core = typeof(MailServer).Assembly;

    [Test]
    public void No_type_uses_a_layer_above_its_own()
    {
        var wrong = new List<string>();
        foreach (var type in Core.GetTypes())
        {
            if (LayerOf(type) is not { } own)
            {
                continue;
            }

            foreach (var used in TypeReferences.Of(type))
            {
                if (used.Assembly == Core && LayerOf(used) is { } other && other > own)
                {
                    wrong.Add($"{type.FullName} ({Layers[own]}) uses {used.FullName} ({Layers[other]})");
                }
            }
        }

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Every_namespace_is_a_layer()
    {
        var unknown = Core.GetTypes()
            .Select(static type => type.Namespace)
            .Where(static name => name is not null && name.StartsWith("MailCore", StringComparison.Ordinal))
            .Where(static name => name != "MailCore" && name != "MailCore.Diagnostics" && LayerOf(name!) is null)
            .Distinct();

        Assert.That(unknown, Is.Empty);
    }

    [Test]
    public void Internals_are_visible_to_the_unit_tests_alone()
    {
        var friends = Core.GetCustomAttributes<System.Runtime.CompilerServices.InternalsVisibleToAttribute>();

        Assert.That(friends.Select(static friend => friend.AssemblyName), Is.EqualTo(new[] { "MailCore.Tests" }));
    }

    private static int? LayerOf(Type type) => type.Namespace is { } name ? LayerOf(name) : null;

    private static int? LayerOf(string name)
    {
        if (name == "MailCore")
        {
            return Layers.Length - 1;
        }

        var best = -1;
        for (var i = 0; i < Layers.Length; i++)
        {
            var full = "MailCore." + Layers[i];
            var inside = name == full || name.StartsWith(full + ".", StringComparison.Ordinal);
            if (inside && (best < 0 || Layers[i].Length > Layers[best].Length))
            {
                best = i;
            }
        }

        return best < 0 ? null : best;
    }
}
