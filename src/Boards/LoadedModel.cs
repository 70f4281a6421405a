using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Tokenization;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>A model file that this process has opened, with its tokenizer and what the planner must know of it.</summary>
public sealed class LoadedModel : IDisposable
{
    private LoadedModel(string name, ModelWeights weights, StepLimits limits)
    {
        Name = name;
        Weights = weights;
        Limits = limits;
        Tokenizer = TokenizerFactory.Create(weights.File.Metadata);
        if (Tokenizer.VocabularySize != weights.Config.VocabularySize)
        {
            throw new GgufFormatException(
                $"{weights.File.Path} has {Tokenizer.VocabularySize} tokens in its vocabulary and {weights.Config.VocabularySize} rows in token_embd.weight.");
        }

        TokenCountBound = new TokenCountBound(Tokenizer);
        Profile = ModelProfiles.Of(name, weights.Layout, limits);
    }

    /// <summary>The name under which the model is served.</summary>
    public string Name { get; }

    /// <summary>The mapped and checked file.</summary>
    public ModelWeights Weights { get; }

    /// <summary>Sizes of a step.</summary>
    public StepLimits Limits { get; }

    /// <summary>The model's tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>Tells texts that are too long beyond doubt.</summary>
    public TokenCountBound TokenCountBound { get; }

    /// <summary>What the planner must know.</summary>
    public ModelProfile Profile { get; }

    /// <summary>Opens a model file.</summary>
    /// <exception cref="GgufFormatException">The file is no usable model.</exception>
    public static LoadedModel Open(string name, string path, StepLimits limits)
    {
        ModelWeights weights = ModelWeights.Open(path);
        try
        {
            return new LoadedModel(name, weights, limits);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();
}
