namespace Halo.Inference.Model.Architectures;

/// <summary>What a model's neurons compute, and in which tensors their weights lie.</summary>
public enum FeedForwardForm
{
    /// <summary><c>silu(gate x) * (up x)</c>, of <c>ffn_gate</c> and <c>ffn_up</c>.</summary>
    SwiGlu,

    /// <summary>The same, of one <c>ffn_up</c> with the rows of the gate before those of up.</summary>
    FusedSwiGlu,

    /// <summary><c>gelu(up x)</c>, of <c>ffn_up</c> alone.</summary>
    Gelu,
}
