namespace MailCore.Authentication;

/// <summary>Hands out what SCRAM compares a client's proof with. Thread-safe.</summary>
public interface IScramCredentials
{
    /// <summary>The keys of a user for one hash. Unknown users cost as much time as known ones.</summary>
    ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken);
}

/// <summary>What became of the search for a user's SCRAM keys.</summary>
public abstract record ScramLookup
{
    private ScramLookup() { }

    /// <summary>The user has keys.</summary>
    /// <param name="Keys">For the hash that was asked for.</param>
    /// <param name="Result">The answer to a client whose proof is right: Ok, or Expired.</param>
    public sealed record Found(ScramKeys Keys, AuthenticationResult Result) : ScramLookup;

    /// <summary>No such user, or one without keys. The client is led on with a salt made up for the name, and rejected in the end.</summary>
    public sealed record Unknown : ScramLookup;

    /// <summary>Can't tell now.</summary>
    /// <param name="Reason">For the log, not for the client.</param>
    public sealed record TryLater(string Reason) : ScramLookup;
}
