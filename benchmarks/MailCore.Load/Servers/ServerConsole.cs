using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace MailCore.Load.Servers;

/// <summary>The server's side of <see cref="OwnServer"/>'s dialog.</summary>
internal static class ServerConsole
{
    /// <summary>Prints the port and answers questions until standard input ends.</summary>
    /// <param name="port">Where the server listens.</param>
    /// <param name="answer">From a question's words to the answer's line.</param>
    public static async Task RunAsync(int port, Func<IReadOnlyList<string>, Task<string>> answer)
    {
        // A terminal sends Ctrl+C to the driver and its children alike; the driver decides when these end.
        using var interrupt = Console.IsInputRedirected ? PosixSignalRegistration.Create(PosixSignal.SIGINT, static signal => signal.Cancel = true) : null;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"port {port}"));
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } question)
        {
            Console.WriteLine(question switch
            {
                nameof(RuntimeFigure.Allocated) => string.Create(CultureInfo.InvariantCulture, $"{question} {GC.GetTotalAllocatedBytes(precise: true)}"),
                nameof(RuntimeFigure.Compiled) => string.Create(CultureInfo.InvariantCulture, $"{question} {JitInfo.GetCompiledMethodCount()}"),
                _ => await answer(question.Split(' ')),
            });
        }
    }
}
