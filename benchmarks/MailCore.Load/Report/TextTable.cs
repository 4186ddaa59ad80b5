using System.Text;

namespace MailCore.Load.Report;

/// <summary>A table for a terminal or for a Markdown page.</summary>
internal sealed class TextTable(string title, bool markdown)
{
    private readonly List<string[]> _lines = [];

    public required string[] Head { get; init; }

    public void Add(string[] line) => _lines.Add(line);

    /// <summary>Empty without lines.</summary>
    public override string ToString()
    {
        if (_lines.Count == 0)
        {
            return "";
        }

        string[][] all = [Head, .. _lines];
        var widths = Head.Select((_, column) => all.Max(line => line[column].Length)).ToArray();
        var text = new StringBuilder(markdown ? "### " : "").AppendLine(title).AppendLine();
        for (var number = 0; number < all.Length; number++)
        {
            var cells = all[number].Select((cell, column) => cell.PadLeft(widths[column]));
            text.AppendLine(markdown ? $"| {string.Join(" | ", cells)} |" : string.Join("  ", cells));
            if (number == 0)
            {
                text.AppendLine(markdown ? $"|{string.Join('|', widths.Select(width => new string('-', width + 1) + ":"))}|" : new string('-', widths.Sum() + 2 * widths.Length - 2));
            }
        }

        return text.AppendLine().ToString();
    }
}
