using System.Runtime.InteropServices;

namespace MailCore.Load.Linux;

internal static partial class LibC
{
    public const short PollIn = 1;
    public const short PollOut = 4;
    private const int InterruptedCall = 4;
    private const int ClockTicksPerSecond = 2;

    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>How many entries are ready; 0 after the time-out and after a signal.</summary>
    public static int Poll(Span<PollEntry> entries, TimeSpan timeout)
    {
        var ready = Poll(ref MemoryMarshal.GetReference(entries), (nuint)entries.Length, (int)timeout.TotalMilliseconds);
        if (ready < 0 && Marshal.GetLastPInvokeError() is var error and not InterruptedCall)
        {
            throw new IOException($"poll failed with error {error}.");
        }

        return Math.Max(ready, 0);
    }

    public static void SyncData(SafeHandle file)
    {
        if (SyncDataOf(file) != 0)
        {
            throw new IOException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    public static void Signal(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new IOException($"kill failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    public static long TicksPerSecond() => SystemConfiguration(ClockTicksPerSecond);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncDataOf(SafeHandle file);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint SystemConfiguration(int name);
}
