using System.Globalization;
using Halo.Lab.Model;

namespace Halo.Lab.Net;

/// <summary>Changes of a running network as lines of text, such as <c>loss 10</c> or <c>partition 2</c>.</summary>
public static class ChangeLine
{
    /// <summary>The words that there are, for a message.</summary>
    public const string Words =
        "loss PERCENT, delay MS, jitter MS, rate MBIT, burst MS SHARE-PERCENT (0 0 ends it), reorder PERCENT, duplicate PERCENT, partition BOARD, heal, clear";

    /// <summary>Applies a line to all links of a network.</summary>
    /// <param name="line">One of <see cref="Words"/>.</param>
    /// <param name="model">The network.</param>
    /// <param name="now">The time of the change, in nanoseconds.</param>
    /// <exception cref="ArgumentException">The line says nothing that can be done; the message says what can.</exception>
    public static void Apply(string line, NetworkModel model, long now)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        double[] numbers = [.. words.Skip(1).Select(word =>
            double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? number : throw new ArgumentException($"'{word}' in '{line}' is no number."))];
        switch (words.FirstOrDefault(), numbers)
        {
            case ("partition", [double board]):
                model.Isolate(IndexOf(board, model));
                break;
            case ("heal", []):
                model.Heal();
                break;
            case ("clear", []):
                model.Heal();
                model.SetAll(new LinkSettings(), now);
                break;
            default:
                // Of links that differ the last two boards' stands for all, and all are alike from then on.
                model.SetAll(Change(line, words.FirstOrDefault(), numbers, model.SettingsOf(model.BoardCount - 1, model.BoardCount - 2)), now);
                break;
        }
    }

    private static LinkSettings Change(string line, string? word, double[] numbers, LinkSettings settings) => (word, numbers) switch
    {
        ("loss", [double percent]) => settings with { Loss = percent / 100 },
        ("delay", [double ms]) => settings with { Delay = Milliseconds(ms) },
        ("jitter", [double ms]) => settings with { Jitter = Milliseconds(ms) },
        ("rate", [double megabits]) => settings with { BitsPerSecond = megabits * 1e6 },
        ("burst", [0, 0]) => settings with { Bursts = null },
        ("burst", [double ms, double percent]) => settings with { Bursts = new BurstSettings(Milliseconds(ms), percent / 100) },
        ("reorder", [double percent]) => settings with { Reorder = percent / 100 },
        ("duplicate", [double percent]) => settings with { Duplicate = percent / 100 },
        _ => throw new ArgumentException($"'{line}' is no change; there are: {Words}."),
    };

    private static int IndexOf(double board, NetworkModel model) => board >= 1 && board <= model.BoardCount && board == Math.Floor(board)
        ? (int)board - 1
        : throw new ArgumentException($"There is no board {board}; there are 1 to {model.BoardCount}.");

    private static TimeSpan Milliseconds(double ms) => Math.Abs(ms) <= 1e9
        ? TimeSpan.FromMicroseconds(Math.Round(ms * 1e3))
        : throw new ArgumentException($"{ms} ms is no time that a link can take.");
}
