using System.Diagnostics;
using System.Globalization;
using MailCore.Storage;

namespace MailServerSample.Verbs;

/// <summary>On a terminal one line that is written over and over, elsewhere a line now and then.</summary>
internal sealed class TerminalProgress(TextWriter output, bool isTerminal) : IProgress<WorkProgress>, IDisposable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Elsewhere = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _shownAt;
    private string _step = "";
    private int _width;

    public void Report(WorkProgress value)
    {
        lock (_lock)
        {
            if (value.Step == _step && value.Done != value.Total && Stopwatch.GetElapsedTime(_shownAt) < (isTerminal ? OnTerminal : Elsewhere))
            {
                return;
            }

            (_step, _shownAt) = (value.Step, Stopwatch.GetTimestamp());
            var text = value.Total > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{value.Step}: {100 * value.Done / value.Total} % ({value.Done:N0} of {value.Total:N0})")
                : $"{value.Step} ...";
            if (isTerminal)
            {
                output.Write($"\r{text.PadRight(_width)}");
                _width = text.Length;
            }
            else
            {
                output.WriteLine(text);
            }
        }
    }

    /// <summary>Makes room for a line of something else.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_width > 0)
            {
                output.Write($"\r{new string(' ', _width)}\r");
                _width = 0;
            }
        }
    }

    public void Dispose() => Clear();
}
