using Halo.Inference.Kernels;

namespace Halo.Inference.Model.Architectures;

/// <summary>How fast each pair of a head turns, stretched contexts included.</summary>
/// <param name="Inverse">(rotaryDim / 2), radians per position; empty where positions are learned.</param>
/// <param name="Magnitude">What turned elements are multiplied by; 1 but for some ways of stretching.</param>
internal sealed record RopeFrequencies(float[] Inverse, float Magnitude)
{
    /// <summary>Cosines and sines for all positions of a model.</summary>
    internal RopeTable Table(ModelConfig config) => new(config.ContextLength, Inverse, config.Description.Rotary, Magnitude);
}
