using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using MailCore.Imap.Commands;
using MailCore.Imap.Extensions;
using MailCore.Imap.Wire;

namespace MailCore.Imap;

/// <summary>The commands by name, and where each is allowed.</summary>
internal sealed class ImapCommandTable
{
    private const int MaxName = 32;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

    private static readonly SearchValues<char> CapabilityCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-=+_");

    private readonly FrozenDictionary<string, Entry>.AlternateLookup<ReadOnlySpan<char>> _entries;

    /// <param name="extensions">Commands of the host's own.</param>
    /// <exception cref="ArgumentException">One has a name that can't be, or that is taken.</exception>
    public ImapCommandTable(IReadOnlyList<ImapExtension> extensions)
    {
        var entries = Entries.ToDictionary(static entry => entry.Name);
        foreach (var extension in extensions)
        {
            var name = extension.Command.ToUpperInvariant();
            if (name.Length is 0 or > MaxName || name.AsSpan().ContainsAnyExcept(NameCharacters) || name == "UID" || !entries.TryAdd(name, EntryOf(extension, name)))
            {
                throw new ArgumentException($"'{extension.Command}' can't be the name of another IMAP command.", nameof(extensions));
            }

            if (extension.Capability is { } capability && (capability.Length == 0 || capability.AsSpan().ContainsAnyExcept(CapabilityCharacters)))
            {
                throw new ArgumentException($"'{capability}' can't be the name of an IMAP capability.", nameof(extensions));
            }
        }

        _entries = entries.ToFrozenDictionary().GetAlternateLookup<ReadOnlySpan<char>>();
    }

    // RFC 3501 6 in its order, then the extensions.
    private static IEnumerable<Entry> Entries =>
    [
        new("CAPABILITY", ImapStates.Any, CapabilityCommand.Parse) { IsAllowedBeforeTls = true },
        new("NOOP", ImapStates.Any, NoopCommand.Parse) { IsAllowedBeforeTls = true },
        new("LOGOUT", ImapStates.Any, LogoutCommand.Parse) { IsAllowedBeforeTls = true },
        new("STARTTLS", ImapStates.NotAuthenticated, StartTlsCommand.Parse) { IsAllowedBeforeTls = true },
        new("AUTHENTICATE", ImapStates.NotAuthenticated, AuthenticateCommand.Parse),
        new("LOGIN", ImapStates.NotAuthenticated, LoginCommand.Parse),
        new("SELECT", ImapStates.LoggedIn, SelectCommand.Parse),
        new("EXAMINE", ImapStates.LoggedIn, SelectCommand.ParseExamine),
        new("CREATE", ImapStates.LoggedIn, CreateCommand.Parse),
        new("DELETE", ImapStates.LoggedIn, DeleteCommand.Parse),
        new("RENAME", ImapStates.LoggedIn, RenameCommand.Parse),
        new("SUBSCRIBE", ImapStates.LoggedIn, SubscribeCommand.Parse),
        new("UNSUBSCRIBE", ImapStates.LoggedIn, SubscribeCommand.ParseUnsubscribe),
        new("LIST", ImapStates.LoggedIn, ListCommand.Parse),
        new("LSUB", ImapStates.LoggedIn, LsubCommand.Parse),
        new("STATUS", ImapStates.LoggedIn, StatusCommand.Parse),
        new("APPEND", ImapStates.LoggedIn, AppendCommand.Parse),
        new("CHECK", ImapStates.Selected, NoopCommand.Parse),
        new("CLOSE", ImapStates.Selected, CloseCommand.Parse),
        new("EXPUNGE", ImapStates.Selected, ExpungeCommand.Parse),
        new("SEARCH", ImapStates.Selected, SearchCommand.Parse) { UsesNumbers = true },
        new("FETCH", ImapStates.Selected, FetchCommand.Parse) { UsesNumbers = true },
        new("STORE", ImapStates.Selected, StoreCommand.Parse) { UsesNumbers = true },
        new("COPY", ImapStates.Selected, CopyCommand.Parse) { UsesNumbers = true },
        new("UID FETCH", ImapStates.Selected, FetchCommand.ParseUid),
        new("UID SEARCH", ImapStates.Selected, SearchCommand.ParseUid),
        new("UID STORE", ImapStates.Selected, StoreCommand.ParseUid),
        new("UID COPY", ImapStates.Selected, CopyCommand.ParseUid),
        new("IDLE", ImapStates.LoggedIn, IdleCommand.Parse),                                                // RFC 2177
        new("NAMESPACE", ImapStates.LoggedIn, NamespaceCommand.Parse),                                      // RFC 2342
        new("ID", ImapStates.Any, IdCommand.Parse) { IsAllowedBeforeTls = true },                           // RFC 2971
        new("SETACL", ImapStates.LoggedIn, SetAclCommand.Parse),                                            // RFC 4314
        new("DELETEACL", ImapStates.LoggedIn, SetAclCommand.ParseDelete),
        new("GETACL", ImapStates.LoggedIn, GetAclCommand.Parse),
        new("LISTRIGHTS", ImapStates.LoggedIn, ListRightsCommand.Parse),
        new("MYRIGHTS", ImapStates.LoggedIn, MyRightsCommand.Parse),
        new("UNSELECT", ImapStates.Selected, CloseCommand.ParseUnselect),                                   // RFC 3691
        new("UID EXPUNGE", ImapStates.Selected, ExpungeCommand.ParseUid),                                   // RFC 4315
        new("LANGUAGE", ImapStates.Any, LanguageCommand.Parse) { IsAllowedBeforeTls = true },               // RFC 5255
        new("COMPRESS", ImapStates.LoggedIn, CompressCommand.Parse),                                        // RFC 4978
        new("ENABLE", ImapStates.LoggedIn, EnableCommand.Parse),                                            // RFC 5161
        new("CANCELUPDATE", ImapStates.Selected, CancelUpdateCommand.Parse),                                // RFC 5267
        new("MOVE", ImapStates.Selected, CopyCommand.ParseMove) { UsesNumbers = true },                                            // RFC 6851
        new("UID MOVE", ImapStates.Selected, CopyCommand.ParseUidMove),
        new("NOTIFY", ImapStates.LoggedIn, NotifyCommand.Parse),                                            // RFC 5465
        new("ESEARCH", ImapStates.LoggedIn, EsearchCommand.Parse) { UsesNumbers = true },                                          // RFC 7377
        new("GETMETADATA", ImapStates.LoggedIn, GetMetadataCommand.Parse),                                  // RFC 5464
        new("SETMETADATA", ImapStates.LoggedIn, SetMetadataCommand.Parse),
        new("UNAUTHENTICATE", ImapStates.LoggedIn, UnauthenticateCommand.Parse),                            // RFC 8437
        new("REPLACE", ImapStates.Selected, ReplaceCommand.Parse) { UsesNumbers = true },                                          // RFC 8508
        new("SORT", ImapStates.Selected, SortCommand.Parse) { UsesNumbers = true },                                                // RFC 5256
        new("UID SORT", ImapStates.Selected, SortCommand.ParseUid),
        new("THREAD", ImapStates.Selected, ThreadCommand.Parse) { UsesNumbers = true },
        new("UID THREAD", ImapStates.Selected, ThreadCommand.ParseUid),
        new("UID REPLACE", ImapStates.Selected, ReplaceCommand.ParseUid),
        new("UIDBATCHES", ImapStates.Selected, UidBatchesCommand.Parse),                                    // RFC 10022
        new("GETQUOTA", ImapStates.LoggedIn, GetQuotaCommand.Parse),                                        // RFC 9208
        new("GETQUOTAROOT", ImapStates.LoggedIn, GetQuotaRootCommand.Parse),
        new("SETQUOTA", ImapStates.LoggedIn, SetQuotaCommand.Parse),
    ];

    /// <summary>Reads a command from its name on; the reader remembers what was wrong. The name is null when there is no such command.</summary>
    public ImapCommand? Parse(ref ImapReader reader, ImapSession session, out string? name)
    {
        var start = reader.Position;
        name = null;
        if (Find(ref reader) is not { } entry)
        {
            reader.Fail("there is no such command", start);
            return null;
        }

        name = entry.Name;

        if (session.Services.Tls.Policy.MustSecureFirst(session.IsSecured) && !entry.IsAllowedBeforeTls)
        {
            reader.Refuse(entry.Name is "LOGIN" or "AUTHENTICATE" ? LoginCommand.TlsFirst : ImapReply.Bad("STARTTLS must come first"));
            return null;
        }

        if ((entry.States & session.State) == 0)
        {
            reader.Refuse(ImapReply.Bad(
                session.State == ImapStates.NotAuthenticated ? "Log in first"
                : entry.States == ImapStates.NotAuthenticated ? "This is not possible after login"
                : "Select a mailbox first"));
            return null;
        }

        if (entry.UsesNumbers)
        {
            reader.RequireUids();
        }

        return entry.Parse(ref reader);
    }

    private static Entry EntryOf(ImapExtension extension, string name) => new(name, StatesOf(extension), ExtensionCommand.ParserOf(extension))
    {
        IsAllowedBeforeTls = extension.State == ImapExtensionState.Any,
    };

    /// <summary>Where a host's own command is possible.</summary>
    public static ImapStates StatesOf(ImapExtension extension) => extension.State switch
    {
        ImapExtensionState.Any => ImapStates.Any,
        ImapExtensionState.Selected => ImapStates.Selected,
        _ => ImapStates.LoggedIn,
    };

    private Entry? Find(ref ImapReader reader)
    {
        Span<char> name = stackalloc char[MaxName];
        var length = ToUpper(reader.Atom(), name);
        if (length == 3 && name.StartsWith("UID"))
        {
            reader.Space();
            name[length++] = ' ';
            length += ToUpper(reader.Atom(), name[length..]);
        }

        return !reader.Failed && _entries.TryGetValue(name[..length], out var entry) ? entry : null;
    }

    private static int ToUpper(ReadOnlySpan<byte> ascii, Span<char> into)
    {
        var length = 0;
        return ascii.Length <= into.Length && Ascii.ToUpper(ascii, into, out length) == System.Buffers.OperationStatus.Done ? length : 0;
    }

    private sealed record Entry(string Name, ImapStates States, ImapCommandParser Parse)
    {
        public bool IsAllowedBeforeTls { get; init; }

        /// <summary>Names messages by their numbers, or answers with them.</summary>
        public bool UsesNumbers { get; init; }
    }
}
