using System.Text;

namespace Halo.Cli.Hosting;

/// <summary>Text out of files, made harmless for a terminal: names in a model file may hold line breaks and escape sequences.</summary>
internal static class Printable
{
    /// <summary>The text on one line, control characters written as <c>\n</c>, <c>\t</c> or <c>\u001B</c>.</summary>
    internal static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        StringBuilder line = new();
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append("\\t"),
                _ when char.IsControl(letter) => line.Append($"\\u{(int)letter:X4}"),
                _ => line.Append(letter),
            };
        }

        return line.ToString();
    }
}
