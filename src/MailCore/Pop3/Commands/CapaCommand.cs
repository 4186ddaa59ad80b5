using System.Text;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 2449 5. Every name here has scripts for its effect and its refusal.</summary>
internal static class CapaCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!line.Argument.IsEmpty)
        {
            session.RefuseBad("CAPA takes no argument"u8);
            return ValueTask.CompletedTask;
        }

        var output = session.Output;
        output.Ok("Capability list follows"u8);
        output.Text("TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\nLANG\r\n"u8);
        AddPolicies(output, session.Options);
        var offer = session.Offer;
        if (offer.TakesPasswords)
        {
            output.Text("USER\r\n"u8);
        }

        if (offer.Names.Count > 0)
        {
            output.Text("SASL"u8);
            foreach (var mechanism in offer.Encoded)
            {
                output.Text(" "u8).Text(mechanism.Span);
            }

            output.EndLine();
        }

        // RFC 2595 4: in AUTHORIZATION only.
        if (session.MailDrop is null && session.Policy.OffersStartTls(session.IsSecured))
        {
            output.Text("STLS\r\n"u8);
        }

        output.EndList();
        return ValueTask.CompletedTask;
    }

    private static void AddPolicies(Pop3Output output, Pop3Options options)
    {
        if (options.ExpireDays is { } days)
        {
            output.Text("EXPIRE "u8).Number(days).EndLine();
        }
        else
        {
            output.Text("EXPIRE NEVER\r\n"u8);
        }

        if (options.LoginDelay > TimeSpan.Zero)
        {
            output.Text("LOGIN-DELAY "u8).Number((long)Math.Ceiling(options.LoginDelay.TotalSeconds)).EndLine();
        }

        if (options.Implementation is { } implementation)
        {
            output.Text("IMPLEMENTATION "u8).Text(Encoding.ASCII.GetBytes(implementation)).EndLine();
        }
    }
}
