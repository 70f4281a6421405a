namespace Halo.Inference.Model;

/// <summary>A shard of one of a layer's two stages: its output is one part of a sum.</summary>
internal unsafe interface IStageShard
{
    /// <summary>Whether the normalised input is wanted in 8 bits as well.</summary>
    bool NeedsQuantizedInput { get; }

    /// <summary>partialSum (rows, hiddenSize) = this shard's part of the stage's output for the normalised rows in the scratch.</summary>
    void Forward(StageScratch scratch, float* partialSum);
}
