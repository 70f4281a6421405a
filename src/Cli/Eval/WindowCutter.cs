using Halo.Cli.Hosting;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Eval;

/// <summary>
/// llama.cpp's protocol: the text is one stream of tokens, cut into windows of n tokens; an incomplete rest is dropped, the first token
/// of each window is replaced by BOS, and the second half is scored. With f = n / 2 the positions f to n - 2 predict the tokens f + 1 to
/// n - 1, so that n - f - 1 tokens of a window count.
/// </summary>
internal static class WindowCutter
{
    /// <exception cref="CommandFault">The text is shorter than one window.</exception>
    internal static IReadOnlyList<ScoredPiece> Cut(ITokenizer tokenizer, string text, int context, int? most)
    {
        int[] tokens = tokenizer.Encode(text, tokenizer.AddBos);
        int count = tokens.Length / context;
        if (count == 0)
        {
            throw new CommandFault(
                $"The text has {tokens.Length} tokens; one window needs {context}. Take a longer text or a smaller --context.");
        }

        return [.. Enumerable.Range(0, Math.Min(count, most ?? count)).Select(index =>
        {
            int[] window = tokens[(index * context)..((index + 1) * context)];
            if (tokenizer.AddBos)
            {
                window[0] = tokenizer.BosToken;
            }

            return new ScoredPiece(window, (context / 2) + 1);
        })];
    }
}
