using Halo.Inference.Sampling;

namespace Halo.Grains;

/// <summary>From the contract's sampling options to the sampler's.</summary>
internal static class SamplingExtensions
{
    internal static SamplingParameters ToParameters(this SamplingOptions options) => new()
    {
        Temperature = options.Temperature,
        TopK = options.TopK,
        TopP = options.TopP,
        MinP = options.MinP,
        RepetitionPenalty = options.RepetitionPenalty,
        FrequencyPenalty = options.FrequencyPenalty,
        PresencePenalty = options.PresencePenalty,
        Seed = options.Seed,
    };
}
