using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace MailCore.Tests.Docs;

/// <summary>
/// Compiles a page's snippets in their order, each as it stands: as the only file of a program, with the names that the page leaves to
/// the reader from the folder Prelude, and the types that the page declared before.
/// </summary>
internal sealed class SnippetCompiler
{
    // A snippet may leave its last variable unused, and a handler that it only outlines has nothing to wait for.
    private static readonly Dictionary<string, ReportDiagnostic> Ignored = new()
    {
        ["CS0168"] = ReportDiagnostic.Suppress,
        ["CS0219"] = ReportDiagnostic.Suppress,
        ["CS1998"] = ReportDiagnostic.Suppress,
        ["CS8019"] = ReportDiagnostic.Suppress,
        ["CS8321"] = ReportDiagnostic.Suppress,
        ["CS8933"] = ReportDiagnostic.Suppress,
    };

    private static readonly CSharpParseOptions Syntax = new(LanguageVersion.Latest);

    private static readonly CSharpCompilation Empty = CSharpCompilation.Create(
        "Snippet",
        references: ReferencedAssemblies.All,
        options: new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable)
            .WithSpecificDiagnosticOptions(Ignored));

    private CSharpCompilation _page;

    public SnippetCompiler(string page)
    {
        var own = Path.ChangeExtension(Path.GetFileName(page), ".cs");
        _page = Empty.AddSyntaxTrees(Parse("Usings.cs"), Parse(File.Exists(PreludeFile(own)) ? own : "Names.cs"));
    }

    /// <summary>What is wrong with it, errors and warnings, by page and line.</summary>
    public IReadOnlyList<string> Compile(Fence snippet)
    {
        var tree = CSharpSyntaxTree.ParseText(snippet.Text, Syntax, snippet.ToString());
        var unit = tree.GetCompilationUnitRoot();
        var types = unit.WithMembers([.. unit.Members.Where(static member => member is not GlobalStatementSyntax)]);
        var kind = unit.Members.Count > types.Members.Count ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary;
        var compilation = _page.AddSyntaxTrees(tree);
        var diagnostics = compilation.WithOptions(compilation.Options.WithOutputKind(kind)).GetDiagnostics();
        _page = types.Members.Count > 0 ? _page.AddSyntaxTrees(tree.WithRootAndOptions(types, Syntax)) : _page;
        return [.. diagnostics.Where(static found => found.Severity >= DiagnosticSeverity.Warning).Select(found => Describe(found, snippet))];
    }

    private static string Describe(Diagnostic found, Fence snippet)
    {
        var position = found.Location.GetLineSpan();
        var line = position.StartLinePosition.Line;
        var place = position.Path == snippet.ToString() ? $"{snippet.Page}:{snippet.Line + line}" : $"{snippet} {position.Path}";
        return $"{place}: {found.Id} {found.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}";
    }

    private static SyntaxTree Parse(string prelude) => CSharpSyntaxTree.ParseText(File.ReadAllText(PreludeFile(prelude)), Syntax, prelude);

    private static string PreludeFile(string name) => Path.Combine(DocsPage.Root, "tests/MailCore.Tests/Docs/Prelude", name);
}
