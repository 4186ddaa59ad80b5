using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailCore.Mime;

namespace MailCore.Benchmarks;

/// <summary>A summary of a small message, as each delivery makes one.</summary>
[MemoryDiagnoser]
public class SummarizeSmallMessage
{
    private const string Head = "From: Alice Example <alice@example.org>\r\nTo: Bob <bob@example.net>, carol@example.net\r\n"
        + "Date: Tue, 04 Mar 2025 09:15:00 +0100\r\nSubject: Lunch on Thursday\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n";

    private byte[] _message = [];
    private ReadOnlyMemory<byte> _encoded;

    [Params("plain", "alternative")]
    public string Kind { get; set; } = "plain";

    [GlobalSetup]
    public void Setup()
    {
        var text = "Shall we meet at noon? The place on the corner has a table for six.\r\n";
        _message = Encoding.ASCII.GetBytes(Kind == "plain"
            ? $"{Head}Content-Type: text/plain; charset=us-ascii\r\n\r\n{text}"
            : $"{Head}Content-Type: multipart/alternative; boundary=\"=_1\"\r\n\r\n--=_1\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
                + $"--=_1\r\nContent-Type: text/html\r\n\r\n<p>{text}</p>\r\n--=_1--\r\n");
        _encoded = Summarize().Encode();
    }

    [Benchmark]
    public MessageSummary Summarize()
    {
        var summarizer = new MessageSummarizer();
        summarizer.Push(_message);
        return summarizer.Complete();
    }

    /// <summary>What FETCH ENVELOPE does for each message.</summary>
    [Benchmark]
    public MessageEnvelope DecodeEnvelope()
    {
        MessageSummary.TryDecode(_encoded, out var summary);
        return summary!.Envelope;
    }

    /// <summary>What FETCH BODYSTRUCTURE does for each message.</summary>
    [Benchmark]
    public MimePart DecodeStructure()
    {
        MessageSummary.TryDecode(_encoded, out var summary);
        return summary!.Root;
    }
}

/// <summary>16 MB of body in pieces of 64 KB: divide by the time for the rate, to be compared with <see cref="Count"/>.</summary>
public class SummarizeBody
{
    private const int Pieces = 256;

    private readonly byte[] _piece = new byte[64 * 1024];

    [Params("base64", "text")]
    public string Body { get; set; } = "text";

    [GlobalSetup]
    public void Setup()
    {
        var lines = Body == "base64"
            ? Convert.ToBase64String(Enumerable.Range(0, 57).Select(i => (byte)(i * 37)).ToArray()) + "\r\n"
            : "A line of text - with a dash - and then another one.\r\n\r\nShort.\r\n";
        for (var i = 0; i < _piece.Length; i++)
            _piece[i] = (byte)lines[i % lines.Length];
    }

    /// <summary>The reference: one look at each octet.</summary>
    [Benchmark(Baseline = true)]
    public int Count()
    {
        var lines = 0;
        for (var i = 0; i < Pieces; i++)
            lines += _piece.AsSpan().Count((byte)'\n');

        return lines;
    }

    [Benchmark]
    public MessageSummary WithoutMultipart() => Summarize("Subject: one part\r\n\r\n"u8);

    [Benchmark]
    public MessageSummary InMultipart() =>
        Summarize("Content-Type: multipart/mixed; boundary=\"----=_Part_1\"\r\n\r\n------=_Part_1\r\n\r\n"u8);

    private MessageSummary Summarize(ReadOnlySpan<byte> head)
    {
        var summarizer = new MessageSummarizer();
        summarizer.Push(head);
        for (var i = 0; i < Pieces; i++)
            summarizer.Push(_piece);

        return summarizer.Complete();
    }
}

/// <summary>1 MB through a content decoder, as SEARCH BODY and BINARY do.</summary>
public class DecodeContent
{
    private byte[] _encoded = [];
    private readonly ArrayBufferWriter<byte> _decoded = new(1024 * 1024);

    [Params("base64", "quoted-printable")]
    public string Encoding { get; set; } = "base64";

    [GlobalSetup]
    public void Setup()
    {
        var line = Encoding == "base64"
            ? Convert.ToBase64String(Enumerable.Range(0, 57).Select(i => (byte)(i * 37)).ToArray()) + "\r\n"
            : "Gr=C3=BC=C3=9Fe aus K=C3=B6ln, ein Satz, der auf der n=C3=A4chsten Zeile =\r\n";
        _encoded = new byte[1024 * 1024];
        for (var i = 0; i < _encoded.Length; i++)
            _encoded[i] = (byte)line[i % line.Length];
    }

    [Benchmark]
    public int Decode()
    {
        _decoded.ResetWrittenCount();
        var decoder = ContentDecoder.Create(System.Text.Encoding.ASCII.GetBytes(Encoding))!;
        decoder.Decode(_encoded, _decoded);
        decoder.Flush(_decoded);
        return _decoded.WrittenCount;
    }
}
