namespace Halo.Boards.Control;

/// <summary>Names and sentences that came over the wire, made fit for a message or a log.</summary>
internal static class PlainText
{
    /// <summary>Most characters of a board's name, an instance or a version.</summary>
    internal const int MaxName = 64;

    /// <summary>The text on one line, without control characters and cut to a length; <c>?</c> where there is none.</summary>
    internal static string Of(string? text, int most = MaxName)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return "?";
        }

        string cut = text.Length > most ? text[..most] + "..." : text;
        return string.Create(cut.Length, cut, (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
            }
        });
    }

    /// <summary>Whether a text may be a board's name or an instance: 1 to <see cref="MaxName"/> characters, none a control character.</summary>
    internal static bool IsName(string text) => text.Length is > 0 and <= MaxName && !text.Any(char.IsControl);

    /// <exception cref="ArgumentException">It may not.</exception>
    internal static string CheckName(string text, string parameter) =>
        IsName(text) ? text : throw new ArgumentException($"'{Of(text)}' is no name: 1 to {MaxName} characters, no control characters.", parameter);
}
