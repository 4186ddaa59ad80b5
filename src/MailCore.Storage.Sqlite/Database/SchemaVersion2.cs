namespace MailCore.Storage.Sqlite.Database;

/// <summary>Contents can be verified: SHA-256 of the octets as they were received, null for those received before this version.</summary>
internal static class SchemaVersion2
{
    public const string Text = "ALTER TABLE content ADD COLUMN hash BLOB;";
}
