using System.Globalization;
using Halo.Inference.Padding;

namespace Halo.Inference.RandomModels;

/// <summary>What a model of random weights shall look like.</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="VocabularySize">Tokens; at most <see cref="MostTokens"/>.</param>
/// <param name="ContextLength">Longest sequence in positions; at most <see cref="MostPositions"/>.</param>
/// <param name="Type">Types of the matrices and of the embedding. Norms are F32.</param>
/// <param name="Seed">The same seed gives the same bytes, on every machine.</param>
public sealed record RandomModelOptions(ModelShape Shape, int VocabularySize, int ContextLength, TypeMix Type, ulong Seed)
{
    /// <summary>Largest vocabulary: four times that of the largest published models.</summary>
    public const int MostTokens = 1 << 20;

    /// <summary>Longest context.</summary>
    public const int MostPositions = 1 << 20;

    /// <summary>Everything that keeps this from being a model; empty when it can be one.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [.. Shape.Faults()];
        AddRangeFault(faults, "vocabulary size", VocabularySize, MostTokens);
        AddRangeFault(faults, "context length", ContextLength, MostPositions);
        if (Type.Fault is { } fault)
        {
            faults.Add(fault);
        }
        else
        {
            AddBlockFault(faults, "hidden size", Shape.HiddenSize);
            AddBlockFault(faults, "intermediate size", Shape.IntermediateSize);
        }

        return faults;
    }

    private static void AddRangeFault(List<string> faults, string name, int size, int most)
    {
        if (size < 1 || size > most)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"The {name} is {size}; it must be 1 to {most}."));
        }
    }

    private void AddBlockFault(List<string> faults, string name, int size)
    {
        int block = Type.BlockColumns;
        if (size % block != 0)
        {
            faults.Add($"The {name} {size} is no multiple of the {block} elements in a {Type} block.");
        }
    }
}
