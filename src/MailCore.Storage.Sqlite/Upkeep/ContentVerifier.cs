using System.Buffers;
using System.Security.Cryptography;
using MailCore.Mime;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>What reading a content's octets told.</summary>
/// <param name="Length">Octets.</param>
/// <param name="HasHash">Whether there is a hash to compare with.</param>
/// <param name="Problem">Why the octets can't be trusted; null when they can.</param>
/// <param name="Summary">Made of the octets; empty with a problem.</param>
/// <param name="Hash">SHA-256 of the octets; empty with a problem.</param>
internal sealed record VerifiedContent(long Length, bool HasHash, string? Problem, ReadOnlyMemory<byte> Summary, byte[] Hash);

/// <summary>
/// Reads contents to their end. Messages for many recipients follow one another, so that the last few contents are remembered.
/// </summary>
internal sealed class ContentVerifier(StoreConnection db, ContentFolder folder)
{
    private const int Remembered = 256;
    private const int ChunkSize = 64 * 1024;

    private static readonly Sql Select = new("SELECT size, hash, data FROM content WHERE id = ?1");

    private readonly Dictionary<long, VerifiedContent> _known = [];
    private readonly Queue<long> _order = new();

    /// <summary>Octets read so far.</summary>
    public long OctetsRead { get; private set; }

    /// <summary>Null when there is no such content.</summary>
    public VerifiedContent? Verify(long id)
    {
        if (_known.TryGetValue(id, out var known))
        {
            return known;
        }

        if (Read(id) is not { } verified)
        {
            return null;
        }

        if (_order.Count == Remembered)
        {
            _known.Remove(_order.Dequeue());
        }

        _order.Enqueue(id);
        return _known[id] = verified;
    }

    private VerifiedContent? Read(long id)
    {
        long size;
        byte[]? hash;
        using (var row = db.Use(Select).With(id))
        {
            if (!row.Step())
            {
                return null;
            }

            size = row.Int64(0);
            hash = row.IsNull(1) ? null : row.Blob(1).ToArray();
            if (!row.IsNull(2))
            {
                var octets = row.Blob(2);
                OctetsRead += octets.Length;
                var summarizer = new MessageSummarizer();
                summarizer.Push(octets);
                return Judge(size, octets.Length, hash, SHA256.HashData(octets), summarizer);
            }
        }

        return ReadFile(id, size, hash);
    }

    private VerifiedContent ReadFile(long id, long size, byte[]? hash)
    {
        using var file = folder.Open(id);
        if (file is null)
        {
            return new VerifiedContent(0, hash is not null, $"its file {folder.PathOf(id)} is missing", default, []);
        }

        var summarizer = new MessageSummarizer();
        using var actual = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        var offset = 0L;
        try
        {
            for (int count; (count = RandomAccess.Read(file, buffer, offset)) > 0; offset += count)
            {
                actual.AppendData(buffer, 0, count);
                summarizer.Push(buffer.AsSpan(0, count));
            }
        }
        catch (IOException e)
        {
            return new VerifiedContent(offset, hash is not null, $"its file {folder.PathOf(id)} can't be read: {e.Message}", default, []);
        }
        finally
        {
            OctetsRead += offset;
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Judge(size, offset, hash, actual.GetHashAndReset(), summarizer);
    }

    private static VerifiedContent Judge(long size, long length, byte[]? expected, byte[] actual, MessageSummarizer summarizer)
    {
        var problem = size != length ? $"it has {length} octets, and should have {size}"
            : expected is not null && !expected.AsSpan().SequenceEqual(actual) ? "its octets are not those received: the hash differs"
            : null;
        return problem is null
            ? new VerifiedContent(length, expected is not null, null, summarizer.Complete().Encode(), actual)
            : new VerifiedContent(length, expected is not null, problem, default, []);
    }
}
