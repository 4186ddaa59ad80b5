using System.Globalization;

namespace MailCore.Load.Servers;

/// <summary>The server's side of <see cref="OwnServer"/>'s dialog.</summary>
internal static class ServerConsole
{
    /// <summary>Prints the port and answers questions until standard input ends.</summary>
    /// <param name="port">Where the server listens.</param>
    /// <param name="answer">From a question's words to the answer's line.</param>
    public static async Task RunAsync(int port, Func<IReadOnlyList<string>, Task<string>> answer)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"port {port}"));
        using var input = new StreamReader(Console.OpenStandardInput());
        while (await input.ReadLineAsync() is { } question)
        {
            Console.WriteLine(question == "memory"
                ? string.Create(CultureInfo.InvariantCulture, $"allocated {GC.GetTotalAllocatedBytes(precise: true)}")
                : await answer(question.Split(' ')));
        }
    }
}
