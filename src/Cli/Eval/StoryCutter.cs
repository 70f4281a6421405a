using Halo.Cli.Hosting;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Eval;

/// <summary>
/// Stories with an empty line between them, each a sequence of its own: BOS and its tokens, cut to the context. Every token that has
/// one before it is scored. Fits models trained on single stories better than windows, which cut across them.
/// </summary>
internal static class StoryCutter
{
    /// <exception cref="CommandFault">There is no story in the text.</exception>
    internal static IReadOnlyList<ScoredPiece> Cut(ITokenizer tokenizer, string text, int context, int? most)
    {
        ScoredPiece[] pieces = [.. text.Replace("\r\n", "\n", StringComparison.Ordinal).Split("\n\n")
            .Where(story => !string.IsNullOrWhiteSpace(story))
            .Take(most ?? int.MaxValue)
            .Select(story => story.Trim('\n')) // A space at a story's end is a token of it.
            .Select(story => tokenizer.Encode(story, tokenizer.AddBos))
            .Where(tokens => tokens.Length > 1)
            .Select(tokens => new ScoredPiece(tokens.Length > context ? tokens[..context] : tokens, 1))];
        return pieces.Length > 0 ? pieces : throw new CommandFault("The text has no stories; they are separated by an empty line.");
    }
}
