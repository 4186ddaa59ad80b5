namespace MailCore.Storage.Sqlite.Database;

/// <summary>The text of a statement that each connection prepares once; told apart by reference.</summary>
internal sealed class Sql(string text)
{
    public string Text { get; } = text;
}
