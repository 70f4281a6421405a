namespace Halo.Inference.Kernels;

/// <summary>Instruction sets that have matrix kernels of their own, the widest first.</summary>
internal enum KernelTier
{
    /// <summary>512-bit vectors, but for signed bytes: there the widest that follows.</summary>
    Avx512,

    /// <summary>256-bit vectors with four products of bytes in one instruction.</summary>
    AvxVnni,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>128-bit vectors: SSSE3 on x64, AdvSimd (with or without dot product) on Arm64.</summary>
    Vector128,

    /// <summary>Plain loops that read like the formula: the last resort, and the one the others are compared with.</summary>
    Scalar,
}
