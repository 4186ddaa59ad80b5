using NUnit.Framework;

namespace MailCore.InteropTests.Trace;

internal sealed class SystemCallTests
{
    [Test]
    public void Calls_interrupted_by_other_threads_are_put_together()
    {
        var calls = SystemCall.Parse([
            """100 openat(AT_FDCWD</srv>, "/srv/a", O_WRONLY|O_CREAT, 0600) = 7</srv/a>""",
            """101 pwrite64(7</srv/a>, "x) = 3 \"quoted\"", 15, 0 <unfinished ...>""",
            """102 sendmsg(9<socket:[5]>, {msg_iov=[{iov_base="250 OK\r\n", iov_len=8}]}, MSG_NOSIGNAL) = 8""",
            """101 <... pwrite64 resumed>)             = 15""",
            """100 fsync(7</srv/a> <unfinished ...>""",
            """100 <... fsync resumed>) = -1 EIO (Input/output error)""",
            """103 +++ exited with 0 +++""",
            """100 fdatasync(7</srv/a>) = 0""",
        ]);

        Assert.That(calls.Select(static call => (call.Begin, call.End, call.Name, call.Path)), Is.EqualTo(new[]
        {
            (0, 0, "openat", "/srv/a"), (1, 3, "pwrite64", "/srv/a"), (2, 2, "sendmsg", "socket:[5]"), (4, 5, "fsync", "/srv/a"), (7, 7, "fdatasync", "/srv/a"),
        }));
        Assert.That(calls.Select(static call => call.IsFlush), Is.EqualTo(new[] { false, false, false, false, true }));
        Assert.That(calls.Select(static call => call.IsSend), Is.EqualTo(new[] { false, false, true, false, false }));
        Assert.That(calls[1].IsWrite && calls[1].Text.Contains("quoted", StringComparison.Ordinal));
    }
}
