using System.Globalization;
using System.Text;

namespace MailCore.Load.Report;

/// <summary>The line below the tables: on what they were measured, and whether they may be kept.</summary>
internal static class Circumstances
{
    private const double BusyMachine = 0.05;

    public static string Of(IReadOnlyList<Rounds> results, LoadOptions options, string client)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, .NET {Environment.Version}, client: {client}; ");
        text.Append(CultureInfo.InvariantCulture, $"medians of {results.Min(rounds => rounds.All.Count)} rounds, {results.Sum(rounds => rounds.Dropped)} rounds repeated because of CPU steal.");
        var busy = results.Where(rounds => rounds.OthersShare > BusyMachine).ToArray();
        if (busy.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" **The machine was busy** (other processes used {busy.Max(rounds => rounds.OthersShare):P0} of the processors in {busy.Length} rows): not for the record.");
        }

        if (options.Quick)
        {
            text.Append(" **A quick run**: not for the record.");
        }

        return text.AppendLine().ToString();
    }
}
