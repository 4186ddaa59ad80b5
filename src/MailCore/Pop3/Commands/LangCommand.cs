using System.Text;
using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 6856 3. Texts are in English, which serves for the default of RFC 2277 4.5 as well.</summary>
internal static class LangCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        var range = line.Argument;
        if (range.IsEmpty)
        {
            session.Output.Ok("Languages follow"u8);
            session.Output.Text("en English\r\ni-default Default language\r\n"u8).EndList();
        }
        else if (range.SequenceEqual("*"u8) || Ascii.EqualsIgnoreCase(range, "i-default"u8))
        {
            session.Output.Ok("i-default Texts are in English"u8);
        }
        else if (IsEnglish(range))
        {
            session.Output.Ok("en Texts are in English"u8);
        }
        else
        {
            session.Output.Error("There are no texts in this language"u8);
        }

        return ValueTask.CompletedTask;
    }

    // RFC 4647 3.4: "en-GB" finds "en".
    private static bool IsEnglish(ReadOnlySpan<byte> range) =>
        range.Length >= 2 && Ascii.EqualsIgnoreCase(range[..2], "en"u8) && (range.Length == 2 || range[2] == '-');
}
