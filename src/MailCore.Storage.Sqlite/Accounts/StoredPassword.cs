using MailCore.Authentication;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>What is kept of a password. Not a record, whose text would hold it.</summary>
/// <param name="hash">For <see cref="PasswordHash"/>.</param>
/// <param name="scram">A line of SCRAM keys per hash function; null where the password came as a hash and nobody has logged in with it yet.</param>
internal sealed class StoredPassword(string hash, string? scram)
{
    public string Hash => hash;

    public string? Scram => scram;

    public static StoredPassword Make(string password, int iterations)
    {
        var scramIterations = Math.Min(iterations, ScramKeys.DefaultIterations);
        var keys = Enum.GetValues<ScramHash>().Select(hash => ScramKeys.Create(hash, password, scramIterations).Encode());
        return new StoredPassword(PasswordHash.Create(password, iterations), string.Join('\n', keys));
    }

    public ScramKeys? FindScram(ScramHash wanted)
    {
        foreach (var line in scram?.Split('\n') ?? [])
        {
            if (ScramKeys.TryParse(line, out var keys) && keys.Hash == wanted)
            {
                return keys;
            }
        }

        return null;
    }
}
