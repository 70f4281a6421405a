namespace Halo.Inference.Model;

/// <summary>The RMSNorm weights, which every board holds: (hiddenSize) each.</summary>
public sealed class ModelNorms
{
    internal ModelNorms(float[][] attention, float[][] feedForward, float[] output)
    {
        Attention = attention;
        FeedForward = feedForward;
        Output = output;
    }

    internal float[][] Attention { get; }   // per layer

    internal float[][] FeedForward { get; } // per layer

    internal float[] Output { get; }
}
