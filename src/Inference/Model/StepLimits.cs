using Halo.Inference.Quantization;

namespace Halo.Inference.Model;

/// <summary>How large a step may be; buffers are sized by it once. All at least 1.</summary>
/// <param name="MaxRows">Most rows: prefill goes in chunks of this many tokens.</param>
/// <param name="MaxLogitRows">Most rows with logits.</param>
/// <param name="MaxSequences">Most sequences open at once.</param>
public sealed record StepLimits(int MaxRows = 64, int MaxLogitRows = 64, int MaxSequences = 32)
{
    /// <summary>How keys and values are kept; it goes to all boards with the sizes.</summary>
    public KvType KvType { get; init; }
}
