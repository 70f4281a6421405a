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
        Profile = Describe(name, weights, limits);
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

    private static ModelProfile Describe(string name, ModelWeights weights, StepLimits limits)
    {
        ModelConfig config = weights.Config;
        long row = config.HiddenSize * 6L + (config.HeadCount + config.KvHeadCount) * 2L * config.HeadDim + config.IntermediateSize * 4L;
        return new ModelProfile
        {
            Name = name,
            LayerCount = config.LayerCount,
            HeadGroupCount = config.KvHeadCount,
            NeuronGroupCount = weights.NeuronGroupCount,
            TokenGroupCount = weights.TokenGroupCount,
            HeadGroupBytes = weights.HeadGroupBytes,
            NeuronGroupBytes = weights.NeuronGroupBytes,
            TokenGroupBytes = weights.TokenGroupBytes,
            KvBytesPerPosition = 2L * config.HeadDim * sizeof(float),
            BoardBytes = limits.MaxRows * row * sizeof(float),
            HeadBoardBytes = weights.EmbeddingBytes + (long)limits.MaxLogitRows * config.VocabularySize * sizeof(float),
            ContextLength = config.ContextLength,
        };
    }
}
