using System.Globalization;
using System.Text;
using MailCore.Tests.Docs;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace MailCore.Tests.Architecture;

/// <summary>
/// What a package shows to those who reference it, as text: a line for each type, its members indented below it, all in the order of
/// their names. What every type has (ToString, Equals, IEquatable of itself) and what the compiler adds to records is left out.
/// </summary>
internal static class ApiListing
{
    private const SymbolDisplayMiscellaneousOptions Words = SymbolDisplayMiscellaneousOptions.UseSpecialTypes
        | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
        | SymbolDisplayMiscellaneousOptions.AllowDefaultLiteral
        | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers;

    private const SymbolDisplayGenericsOptions Generics =
        SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeTypeConstraints | SymbolDisplayGenericsOptions.IncludeVariance;

    private static readonly CSharpCompilation Compilation = CSharpCompilation.Create("Listing", references: ReferencedAssemblies.All);

    private static readonly SymbolDisplayFormat Used = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: Words);

    private static readonly SymbolDisplayFormat Declared = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: Generics,
        delegateStyle: SymbolDisplayDelegateStyle.NameAndSignature,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword,
        miscellaneousOptions: Words);

    private static readonly SymbolDisplayFormat Member = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: Generics,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeRef
            | SymbolDisplayMemberOptions.IncludeModifiers | SymbolDisplayMemberOptions.IncludeConstantValue,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue
            | SymbolDisplayParameterOptions.IncludeExtensionThis | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        miscellaneousOptions: Words);

    private static readonly Comparer<(string Name, string Text)> ByName = Comparer<(string Name, string Text)>.Create(static (a, b) =>
        string.CompareOrdinal(a.Name, b.Name) is not 0 and var order ? order : string.CompareOrdinal(a.Text, b.Text));

    /// <param name="package">The assembly's name.</param>
    public static string Of(string package)
    {
        var reference = ReferencedAssemblies.All.Single(file => Path.GetFileNameWithoutExtension(file.FilePath) == package);
        var assembly = (IAssemblySymbol)Compilation.GetAssemblyOrModuleSymbol(reference)!;
        var text = new StringBuilder();
        foreach (var group in Types(assembly.GlobalNamespace).GroupBy(static type => type.ContainingNamespace.ToDisplayString()).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"namespace {group.Key}\n\n");
            foreach (var type in group.OrderBy(static type => type.ToDisplayString(Used), StringComparer.Ordinal))
            {
                text.Append(Describe(type)).Append('\n');
                foreach (var member in type.GetMembers().Where(member => IsShown(member, type)).Select(member => Describe(member)).Order(ByName))
                {
                    text.Append("    ").Append(member.Text).Append('\n');
                }

                text.Append('\n');
            }
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol within) => within.GetMembers().OfType<INamespaceOrTypeSymbol>()
        .Where(static member => member is INamespaceSymbol || IsVisible(member))
        .SelectMany(static member => Types(member).Concat(member is INamedTypeSymbol type ? [type] : []));

    private static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal;

    private static bool IsShown(ISymbol member, INamedTypeSymbol type) => type.TypeKind != TypeKind.Delegate
        && IsVisible(member)
        && member is not INamedTypeSymbol
        && member is not IMethodSymbol { MethodKind: MethodKind.PropertyGet or MethodKind.PropertySet or MethodKind.EventAdd or MethodKind.EventRemove }
        && member is not IMethodSymbol { IsOverride: true, Name: "ToString" or "Equals" or "GetHashCode" }
        && member is not IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters.Length: 0, ContainingType: { TypeKind: TypeKind.Struct } or { TypeKind: TypeKind.Enum } }
        && !member.GetAttributes().Any(static attribute => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute");

    private static string Describe(INamedTypeSymbol type)
    {
        var modifiers = (type.TypeKind, type.IsStatic, type.IsAbstract, type.IsSealed) switch
        {
            (TypeKind.Class, true, _, _) => "static ",
            (TypeKind.Class, _, true, _) => "abstract ",
            (TypeKind.Class, _, _, true) => "sealed ",
            _ => "",
        };
        var bases = type.TypeKind is TypeKind.Class or TypeKind.Struct or TypeKind.Interface
            ? new[] { type.BaseType }.Where(static parent => parent is { SpecialType: SpecialType.None }).Concat(type.Interfaces).OfType<INamedTypeSymbol>()
                .Where(parent => IsVisible(parent) && !IsEquatable(parent, type)).Select(static parent => parent.ToDisplayString(Used)).ToList()
            : [];
        var flags = type.GetAttributes().Any(static attribute => attribute.AttributeClass?.Name == "FlagsAttribute") ? "[Flags] " : "";
        var words = type.ToDisplayString(Declared);
        var constraints = type.TypeKind == TypeKind.Delegate || !words.Contains(" where ", StringComparison.Ordinal) ? words.Length : words.IndexOf(" where ", StringComparison.Ordinal);
        return $"{flags}{modifiers}{words[..constraints]}{(bases.Count > 0 ? " : " + string.Join(", ", bases) : "")}{words[constraints..]}";
    }

    private static bool IsEquatable(INamedTypeSymbol parent, INamedTypeSymbol type) =>
        parent.Name == "IEquatable" && SymbolEqualityComparer.Default.Equals(parent.TypeArguments[0], type);

    private static (string Name, string Text) Describe(ISymbol member) => member switch
    {
        IFieldSymbol { ContainingType.TypeKind: TypeKind.Enum } constant => (ValueKey(constant), $"{constant.Name} = {constant.ConstantValue}"),
        IMethodSymbol { MethodKind: MethodKind.Constructor } => ("", Access(member) + member.ToDisplayString(Member)),
        _ => (member.Name, Access(member) + member.ToDisplayString(Member)),
    };

    private static string ValueKey(IFieldSymbol constant) => Convert.ToDecimal(constant.ConstantValue, CultureInfo.InvariantCulture).ToString("00000000000000000000", CultureInfo.InvariantCulture);

    private static string Access(ISymbol member) => member.DeclaredAccessibility == Accessibility.Public ? "" : "protected ";
}
