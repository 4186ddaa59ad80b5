// Inside of a test that has a server and an inbox.
global using System.Net.Mail;
global using System.Net.Security;
global using System.Net.Sockets;
global using static Names;

internal static class Names
{
    public static TestMailServer mail => throw new NotImplementedException();

    public static TestInbox bob => throw new NotImplementedException();

    public static RemoteMta remote => throw new NotImplementedException();

    public static DirectoryInfo folder => throw new NotImplementedException();
}
