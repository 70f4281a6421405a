using System.Globalization;

namespace Halo.Inference.Sampling;

/// <summary>
/// How the next token is chosen. Order of work, as in llama.cpp: penalties, top-k, top-p, min-p, temperature, draw. The filters
/// see probabilities before the temperature.
/// </summary>
public sealed record SamplingParameters
{
    /// <summary>Largest penalty window: 65,536 tokens.</summary>
    public const int MaxPenaltyWindow = 65_536;

    /// <summary>The likeliest token always.</summary>
    public static SamplingParameters Greedy { get; } = new() { Temperature = 0 };

    /// <summary>0 takes the likeliest token; 1 the model's own probabilities; above it the text gets wild. 0 to 100, default 0.8.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Only the k likeliest tokens; 0 for all. Default 40.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Only the likeliest tokens that together reach this probability; 1 for all. Above 0, to 1; default 0.95.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Only tokens at least this likely relative to the likeliest; 0 for all. 0 to 1, default 0.05.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>Divides positive logits of recent tokens and multiplies negative ones; 1 for none. Above 0, to 100; default 1.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken off a logit for each occurrence in the window. -2 to 2, default 0.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Taken off the logit of every token in the window once. -2 to 2, default 0.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many of the latest tokens the three penalties look at; 0 switches them off. Default 64.</summary>
    public int PenaltyWindow { get; init; } = 64;

    /// <summary>Seed of the draw: the same seed gives the same text, on every machine and .NET version.</summary>
    public ulong Seed { get; init; }

    /// <summary>All faults, each with the value found and the value needed; empty when there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check(faults, nameof(Temperature), Temperature, Temperature is >= 0 and <= 100, "0 to 100");
        Check(faults, nameof(TopK), TopK, TopK >= 0, "0 (all) or more");
        Check(faults, nameof(TopP), TopP, TopP is > 0 and <= 1, "above 0, to 1");
        Check(faults, nameof(MinP), MinP, MinP is >= 0 and <= 1, "0 to 1");
        Check(faults, nameof(RepetitionPenalty), RepetitionPenalty, RepetitionPenalty is > 0 and <= 100, "above 0, to 100");
        Check(faults, nameof(FrequencyPenalty), FrequencyPenalty, FrequencyPenalty is >= -2 and <= 2, "-2 to 2");
        Check(faults, nameof(PresencePenalty), PresencePenalty, PresencePenalty is >= -2 and <= 2, "-2 to 2");
        Check(faults, nameof(PenaltyWindow), PenaltyWindow, PenaltyWindow is >= 0 and <= MaxPenaltyWindow, $"0 to {MaxPenaltyWindow}");
        return faults;
    }

    // NaN fails every range pattern, so it is a fault like any other.
    private static void Check<T>(List<string> faults, string name, T found, bool holds, string needed)
    {
        if (!holds)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {found}; it must be {needed}."));
        }
    }
}
