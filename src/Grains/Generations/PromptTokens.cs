using System.Globalization;
using Halo.Boards;
using Halo.Inference.Tokenization;

namespace Halo.Grains.Generations;

/// <summary>A request's prompt as tokens.</summary>
internal static class PromptTokens
{
    /// <exception cref="BadRequestException">The prompt is longer than the context, or has a token that there is not.</exception>
    internal static async Task<int[]> OfAsync(GenerationRequest request, LoadedModel model, int contextLength)
    {
        ITokenizer tokenizer = model.Tokenizer;
        int[] tokens;
        if (request.PromptTokens is { } given)
        {
            tokens = [.. given];
            int outside = Array.FindIndex(tokens, token => (uint)token >= (uint)tokenizer.VocabularySize);
            if (outside >= 0)
            {
                throw new BadRequestException("prompt", $"Token {tokens[outside]} is outside the vocabulary of {tokenizer.VocabularySize} tokens.");
            }
        }
        else
        {
            string prompt = request.Prompt ?? "";
            long least = model.TokenCountBound.LeastTokens(prompt);
            if (least > contextLength)
            {
                throw TooLong($"at least {least}", contextLength);
            }

            // Long texts take a while; meanwhile this grain's silo has other turns to run.
            tokens = await Task.Run(() => tokenizer.Encode(prompt, tokenizer.AddBos));
        }

        if (tokens.Length == 0)
        {
            // A model without a beginning token was trained on texts that follow on others.
            int first = tokenizer.BosToken >= 0 ? tokenizer.BosToken : tokenizer.EosToken;
            tokens = first >= 0 ? [first] : throw new BadRequestException("prompt", "The prompt is empty, and the model has no token that begins a text.");
        }

        int reserve = request.MaxTokens == 0 ? 0 : 1;
        return tokens.Length + reserve <= contextLength ? tokens : throw TooLong(tokens.Length.ToString(CultureInfo.InvariantCulture), contextLength);
    }

    private static BadRequestException TooLong(string tokens, int contextLength) =>
        new("prompt", $"The prompt has {tokens} tokens; the context is {contextLength} tokens, the completion included.");
}
