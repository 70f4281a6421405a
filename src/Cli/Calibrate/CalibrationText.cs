using Halo.Cli.Eval;
using Halo.Cli.Hosting;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Calibrate;

/// <summary>Sequences to fit on and others to measure on; no story is in both.</summary>
/// <param name="Fitting">Sequences of tokens for the fit.</param>
/// <param name="HeldOut">Sequences of tokens for the measurements.</param>
internal sealed record CalibrationText(IReadOnlyList<int[]> Fitting, IReadOnlyList<int[]> HeldOut)
{
    private const int MostPositions = 512;

    internal static long Count(IReadOnlyList<int[]> sequences) => sequences.Sum(sequence => (long)sequence.Length);

    /// <summary>Cuts the texts and draws from them.</summary>
    /// <exception cref="CommandFault">A text is missing, or too short to be shared out.</exception>
    internal static CalibrationText Read(CalibrateSetting setting, ITokenizer tokenizer, int contextLength)
    {
        int context = Math.Min(MostPositions, contextLength);
        List<int[]> stories = Shuffled(setting.Text, setting.Seed, tokenizer, context);
        List<int[]> heldOut;
        if (setting.HeldOutText is { } text)
        {
            heldOut = Take(Shuffled(text, setting.Seed, tokenizer, context), setting.HeldOutTokens);
        }
        else
        {
            long share = Math.Max(1, (long)(Count(stories) * setting.HeldOutShare));
            int kept = Take(stories, share).Count;
            heldOut = Take(stories[..kept], setting.HeldOutTokens);
            stories.RemoveRange(0, kept);
        }

        List<int[]> fitting = Take(stories, setting.Tokens);
        return fitting.Count > 0 && heldOut.Count > 0
            ? new CalibrationText(fitting, heldOut)
            : throw new CommandFault(
                $"'{setting.Text}' is too short: nothing is left to {(fitting.Count == 0 ? "fit on" : "measure on")}. "
                + "Take a longer text, a smaller --held-out, or --held-out-text.");
    }

    private static List<int[]> Shuffled(string path, int seed, ITokenizer tokenizer, int context)
    {
        string text = TextFile.Read(path);
        bool hasStories = text.Contains("\n\n", StringComparison.Ordinal) || text.Contains("\r\n\r\n", StringComparison.Ordinal);
        int[][] sequences =
        [
            .. (hasStories ? StoryCutter.Cut(tokenizer, text, context, null) : Windows(tokenizer, text, context)).Select(piece => piece.Tokens),
        ];
        new Random(seed).Shuffle(sequences);
        return [.. sequences];
    }

    private static IReadOnlyList<ScoredPiece> Windows(ITokenizer tokenizer, string text, int context) =>
        WindowCutter.Cut(tokenizer, text, Math.Min(context, Math.Max(4, tokenizer.Encode(text, tokenizer.AddBos).Length)), null);

    // Whole sequences while there is room, and of the next one its beginning.
    private static List<int[]> Take(List<int[]> sequences, long tokens)
    {
        List<int[]> taken = [];
        foreach (int[] sequence in sequences)
        {
            if (tokens < 2)
            {
                break;
            }

            taken.Add(sequence.Length <= tokens ? sequence : sequence[..(int)tokens]);
            tokens -= sequence.Length;
        }

        return taken;
    }
}
