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

    /// <summary>The weights of the norm before a stage: attention of layer l is stage 2l, feed-forward 2l + 1.</summary>
    public ReadOnlySpan<float> OfStage(int stage) => (stage % 2 == 0 ? Attention : FeedForward)[stage / 2];
}
