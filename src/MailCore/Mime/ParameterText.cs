using System.Text;

namespace MailCore.Mime;

/// <summary>Parameters as text.</summary>
internal static class ParameterText
{
    public static string? Find(IReadOnlyList<MimeParameter> parameters, string name)
    {
        foreach (var parameter in parameters)
        {
            if (Ascii.EqualsIgnoreCase(parameter.Name.Span, name))
                return EncodedWords.Decode(parameter.Value.Span);
        }

        return null;
    }
}
