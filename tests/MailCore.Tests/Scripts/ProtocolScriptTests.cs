using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Scripts;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ProtocolScriptTests
{
    [Test]
    public async Task A_dialog_passes_in_every_play([Values] ScriptPlay play)
    {
        await RunAsync(play, """
            S: ready
            C: one\ttwo
            C: three\c
            C{  four }
            C:
            S: one\ttwo
            S: three four
            C{ repeat 3 ab }
            C{ base64 DQo= }
            S: ababab
            C{
            first

            }
            S{
            first

            }
            C: quit
            CLOSE
            """);
    }

    [Test]
    public async Task Sessions_are_told_apart_and_captures_carry_over([Values] ScriptPlay play)
    {
        await RunAsync(play, """
            A< ready
            B< ready
            A> number 42
            A~ number (?<count>\d+)
            B> ${count}
            B< 42
            A> 250-x
            A> 250-y
            A> done
            A* 250-
            A< done
            A DROP
            B> quit
            B CLOSE
            """);
    }

    [Test]
    public async Task A_wrong_answer_names_file_line_both_texts_and_the_transcript()
    {
        var failure = await Assert.ThrowsAsync<ScriptFailureException>(() => RunAsync(ScriptPlay.Whole, """
            S: ready
            C: hello
            S: good bye
            """));
        Assert.That(failure!.Message, Does.StartWith("test.txt:3 (Whole): expected \"good bye\""));
        Assert.That(failure.Message, Does.Contain("got      \"hello\""));
        Assert.That(failure.Message, Does.Contain("C< ready").And.Contain("C> hello\\r\\n"));
    }

    [Test]
    public async Task An_answer_nobody_expects_fails()
    {
        var failure = await Assert.ThrowsAsync<ScriptFailureException>(() => RunAsync(ScriptPlay.Line, "S: ready\nC: hello\n"));
        Assert.That(failure!.Message, Does.Contain("expected the end of the connection").And.Contain("\"hello\""));
    }

    [Test]
    public async Task A_close_instead_of_an_answer_fails()
    {
        var failure = await Assert.ThrowsAsync<ScriptFailureException>(() => RunAsync(ScriptPlay.Line, "S: ready\nC: quit\nS: quit\n"));
        Assert.That(failure!.Message, Does.Contain("expected \"quit\"").And.Contain("the end of the connection"));
    }

    [Test]
    public async Task A_silent_server_fails_in_the_end()
    {
        var script = ProtocolScript.Parse("S: never\n", "test.txt");
        var failure = await Assert.ThrowsAsync<ScriptFailureException>(() => script.RunAsync(
            ScriptPlay.Whole, _ => Task.FromResult(new ScriptPeer(new InMemoryConnection().Client)), TimeSpan.FromMilliseconds(50)));
        Assert.That(failure!.Message, Does.Contain("expected \"never\"").And.Contain("nothing in time"));
    }

    [Test]
    public async Task An_exception_that_escapes_the_session_fails()
    {
        var failure = await Assert.ThrowsAsync<ScriptFailureException>(() => RunAsync(ScriptPlay.Line, "S: ready\nC: crash\nCLOSE\n"));
        Assert.That(failure!.Message, Does.Contain("InvalidCastException"));
    }

    [TestCase("X: hello", "A line of no known form")]
    [TestCase("C: bad \\q", "No known escape")]
    [TestCase("S: half\\c", "whole line")]
    [TestCase("S* 250-\nC: x", "need an expectation")]
    [TestCase("C{\nx", "has no end")]
    [TestCase("S~ (", "Invalid pattern")]
    public void A_misspelt_script_is_refused(string text, string reason)
    {
        var failure = Assert.Throws<ScriptFailureException>(() => ProtocolScript.Parse(text, "test.txt"));
        Assert.That(failure!.Message, Does.StartWith("test.txt:").And.Contain(reason));
    }

    [Test]
    public void Headers_are_read()
    {
        var script = ProtocolScript.Parse("""
            # title: A title: with a colon
            # covers: AUTH=PLAIN effect
            # covers: STLS refusal
            # server: pop3 tls=required user=a:b
            # server: user=c:d
            # play: byte
            # just a comment
            """, "x/name.txt");
        Assert.Multiple(() =>
        {
            Assert.That(script.Title, Is.EqualTo("A title: with a colon"));
            Assert.That(script.Covers, Is.EqualTo(new[] { new ScriptCoverage("AUTH=PLAIN", false), new ScriptCoverage("STLS", true) }));
            Assert.That(script.Server.Has("pop3"), Is.True);
            Assert.That(script.Server.Value("tls"), Is.EqualTo("required"));
            Assert.That(script.Server.Values("user"), Is.EqualTo(new[] { "a:b", "c:d" }));
            Assert.That(script.Server.Except("pop3", "tls"), Is.EqualTo(new[] { "user" }));
            Assert.That(script.Plays, Is.EqualTo(new[] { ScriptPlay.Byte }));
        });
    }

    private static Task RunAsync(ScriptPlay play, string text) =>
        ProtocolScript.Parse(text, "test.txt").RunAsync(play, _ =>
        {
            var connection = new InMemoryConnection();
            return Task.FromResult(ScriptPeer.Over(connection, EchoAsync(connection)));
        }, TimeSpan.FromSeconds(30));

    /// <summary>Greets, gives each line back, closes at "quit".</summary>
    private static async Task EchoAsync(InMemoryConnection connection)
    {
        await using var server = connection.Server;
        var output = server.Transport.Output;
        using var lines = new StreamReader(server.Transport.Input.AsStream(), Encoding.UTF8);
        await output.WriteAsync("ready\r\n"u8.ToArray());
        while (await lines.ReadLineAsync() is { } line && line != "quit")
        {
            if (line == "crash")
            {
                throw new InvalidCastException("a bug");
            }

            await output.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
        }
    }
}
