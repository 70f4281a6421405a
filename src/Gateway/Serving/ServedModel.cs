using System.Text;
using Halo.Gateway.Contracts;
using Halo.Gateway.Endpoints;
using Halo.Grains;
using Halo.Inference.Tokenization;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>A model that was loaded: whom to ask for its completions, and which prompts fit it.</summary>
internal sealed class ServedModel
{
    private readonly IServingCluster _cluster;
    private readonly ITokenizer? _tokenizer;
    private readonly TokenCountBound? _bound;
    private ChatPrompts? _chatPrompts; // made when first asked for; made twice it is the same

    /// <param name="name">The model's name.</param>
    /// <param name="contextLength">Longest sequence in positions.</param>
    /// <param name="cluster">Serves it. Where its tokenizer is in another process, prompts are checked there.</param>
    public ServedModel(string name, int contextLength, IServingCluster cluster)
    {
        Name = name;
        ContextLength = contextLength;
        _cluster = cluster;
        _tokenizer = cluster.TokenizerOf(name);
        _bound = _tokenizer is null ? null : new TokenCountBound(_tokenizer);
    }

    public string Name { get; }

    /// <summary>Longest sequence in positions.</summary>
    public int ContextLength { get; }

    /// <summary>Calls the grains that serve it.</summary>
    public IGrainFactory Grains => _cluster.Grains;

    /// <summary>Makes prompts of conversations for this model.</summary>
    /// <param name="named">The form that the service was told to use; null for the model's own.</param>
    /// <exception cref="ApiException">There is no form, or it cannot be used.</exception>
    public ChatPrompts ChatPrompts(string? named) => _chatPrompts ??= Serving.ChatPrompts.Of(Name, _cluster, named);

    /// <summary>Runs a completion.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="key">Names the request, without a slash.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(GenerationRequest request, string key, CancellationToken cancellationToken) =>
        Generations.RunAsync(_cluster, request, key, cancellationToken);

    /// <summary>
    /// Refuses prompts that cannot be continued, before they cross a grain call. A text is only cut into tokens where its length leaves
    /// room for doubt, so that the work stays below that of a few contexts however long the text is.
    /// </summary>
    /// <exception cref="ApiException">A prompt is longer than the context, or holds tokens that the model does not have.</exception>
    /// <param name="prompt">The prompt.</param>
    /// <param name="maxTokens">Tokens wanted after it: one must find room, unless none is wanted.</param>
    /// <param name="field">The field that it was made of.</param>
    public void Check(Prompt prompt, int maxTokens, string field = "prompt")
    {
        if (_tokenizer is null || _bound is null)
        {
            return;
        }

        int room = ContextLength - Math.Min(maxTokens, 1);
        if (prompt.Tokens is { } tokens)
        {
            CheckTokens(tokens, room, _tokenizer, field);
        }
        else if (prompt.Text is { } text)
        {
            CheckText(text, room, _tokenizer, _bound);
        }
    }

    /// <summary>Refuses texts that are too long together beyond doubt, before anything is made of them.</summary>
    /// <exception cref="ApiException">They are.</exception>
    public void CheckLength(IEnumerable<string> texts, string field)
    {
        long least = _bound is null ? 0 : texts.Sum(_bound.LeastTokens);
        if (least > ContextLength)
        {
            throw TooLong($"at least {least}", field);
        }
    }

    private void CheckTokens(int[] tokens, int room, ITokenizer tokenizer, string field)
    {
        if (tokens.Length > room)
        {
            throw TooLong($"{tokens.Length}", field);
        }

        foreach (int token in tokens)
        {
            if (token < 0 || token >= tokenizer.VocabularySize)
            {
                throw ApiException.Invalid("prompt", $"prompt holds token {token}; the tokens of {Name} are 0 to {tokenizer.VocabularySize - 1}.");
            }
        }
    }

    private void CheckText(string text, int room, ITokenizer tokenizer, TokenCountBound bound)
    {
        // A token is at least one byte; before the first there may be one that begins the text and a space.
        if (Encoding.UTF8.GetByteCount(text) + 2L <= room)
        {
            return;
        }

        long leastTokens = bound.LeastTokens(text);
        if (leastTokens > room)
        {
            throw TooLong($"at least {leastTokens}");
        }

        int count = tokenizer.Encode(text, tokenizer.AddBos).Length;
        if (count > room)
        {
            throw TooLong($"{count}");
        }
    }

    private ApiException TooLong(string count, string field = "prompt") =>
        ApiException.Invalid(field, $"{field} has {count} tokens; the context of {Name} is {ContextLength} tokens, the completion included.", "context_length_exceeded");
}
