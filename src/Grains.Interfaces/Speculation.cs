using System.Globalization;

namespace Halo.Grains;

/// <summary>
/// How many tokens a sequence guesses ahead of those that are sampled: they are computed in the same step, and those that turn out as guessed save
/// steps of their own. No text changes by it. Below 0: as many as pay; 0: none; above: so many wherever the text gives a guess.
/// </summary>
public static class Speculation
{
    /// <summary>As many as pay, by what was guessed right lately and by what a further row of a step costs.</summary>
    public const int Auto = -1;

    /// <summary>None: one token a step.</summary>
    public const int Off = 0;

    /// <summary>The most that may be asked for.</summary>
    public const int Most = 64;

    /// <summary>What <see cref="TryParse"/> reads, in words.</summary>
    public const string Needed = "off, auto or a whole number from 1 to 64";

    /// <summary>Whether a number is one of these.</summary>
    public static bool IsValid(int drafts) => drafts is >= Auto and <= Most;

    /// <summary>Reads <c>off</c>, <c>auto</c> or a number from 1 to <see cref="Most"/>.</summary>
    public static bool TryParse(string? text, out int drafts)
    {
        (bool found, drafts) = text?.ToLowerInvariant() switch
        {
            "off" => (true, Off),
            "auto" => (true, Auto),
            _ => (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= Most, number),
        };
        return found;
    }
}
