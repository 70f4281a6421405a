using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Inference.Tokenization;
using Halo.Planning.Importance;
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

    /// <summary>What calibration found of the model; null where it was not calibrated.</summary>
    public ModelImportance? Importance { get; private init; }

    /// <summary>Opens a model file, with its importance where a file of the same name and the ending .halo is beside it.</summary>
    /// <param name="name">The name under which it is served.</param>
    /// <param name="path">The file.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="mode">Where boards of this process compute from.</param>
    /// <exception cref="GgufFormatException">The file is no usable model, or what lies beside it is not its importance.</exception>
    public static LoadedModel Open(string name, string path, StepLimits limits, WeightMode mode = WeightMode.Auto)
    {
        ModelWeights weights = ModelWeights.Open(path, mode);
        try
        {
            return new LoadedModel(name, weights, limits) { Importance = ReadImportance(Path.ChangeExtension(path, ".halo"), weights.Layout) };
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    // Sizes are compared and no hashes: importance of a file that has changed a little places groups a little worse, no more.
    private static ModelImportance? ReadImportance(string path, ModelLayout layout)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            ModelImportance importance = ImportanceFile.Read(file);
            bool fits = importance.HiddenSize == layout.Config.HiddenSize && importance.Stages.Count == 2 * layout.Config.LayerCount
                && importance.Stages[0].GroupCount == layout.HeadGroupCount && importance.Stages[1].GroupCount == layout.NeuronGroupCount;
            return fits ? importance : throw new ImportanceFormatException("it was made for a model of another shape.");
        }
        catch (ImportanceFormatException fault)
        {
            throw new GgufFormatException($"{path} is not this model's importance: {fault.Message} Run 'halo calibrate' anew, or remove the file.");
        }
    }
}
