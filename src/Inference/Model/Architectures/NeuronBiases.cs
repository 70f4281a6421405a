namespace Halo.Inference.Model.Architectures;

/// <summary>The biases of a run of neurons; empty where there are none.</summary>
/// <param name="Gate">(neurons).</param>
/// <param name="Up">(neurons).</param>
internal sealed record NeuronBiases(float[] Gate, float[] Up)
{
    internal static NeuronBiases None { get; } = new([], []);
}
