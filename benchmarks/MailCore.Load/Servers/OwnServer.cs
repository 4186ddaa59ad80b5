using System.Diagnostics;
using System.Globalization;
using MailCore.Load.Linux;

namespace MailCore.Load.Servers;

/// <summary>This program in one of its server modes. It prints its port, answers questions on its standard input and ends with it.</summary>
internal sealed class OwnServer : IMailSink
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(20);
    private readonly Process _process;

    private OwnServer(string name, Process process) => (Name, _process) = (name, process);

    public string Name { get; }

    public ProcessUsage Usage => ProcessUsage.Read(_process.Id);

    public int Port { get; private set; }

    public static async Task<OwnServer> StartAsync(string name, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(OwnServer).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var server = new OwnServer(name, Process.Start(start)!);
        try
        {
            server.Port = (int)await server.ReadAnswerAsync("port", cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async Task<long?> CountAsync(CancellationToken cancellationToken) => await AskAsync("stats", "taken", cancellationToken);

    public async Task<long?> ReadAsync(RuntimeFigure figure, CancellationToken cancellationToken) =>
        await AskAsync(figure.ToString(), figure.ToString(), cancellationToken);

    /// <summary>How many different messages of the load the server's store holds, each whole and read back through its API.</summary>
    public Task<long> VerifyAsync(int messageSize, CancellationToken cancellationToken) =>
        AskAsync(string.Create(CultureInfo.InvariantCulture, $"verify {messageSize}"), "verified", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            using var patience = new CancellationTokenSource(StopTime);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        finally
        {
            _process.Dispose();
        }
    }

    /// <summary>Asks on the server's standard input; the answer is the word and a number.</summary>
    public async Task<long> AskAsync(string question, string word, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(question.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await ReadAnswerAsync(word, cancellationToken);
    }

    private async Task<long> ReadAnswerAsync(string word, CancellationToken cancellationToken)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Split(' ') is [var first, var number] && first == word)
            {
                return long.Parse(number, CultureInfo.InvariantCulture);
            }
        }

        throw new IOException($"The server process {Name} ended before it said \"{word}\".");
    }
}
