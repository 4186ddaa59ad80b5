namespace MailCore.Storage.Sqlite.Database;

/// <summary>SCRAM keys beside each password's hash: a line per hash function, as ScramKeys.Encode writes them. The index finds whoever has none yet.</summary>
internal static class SchemaVersion4
{
    public const string Text = """
        ALTER TABLE user ADD COLUMN scram TEXT;
        CREATE INDEX user_without_scram ON user (account) WHERE scram IS NULL AND password IS NOT NULL AND deleted = 0;
        """;
}
