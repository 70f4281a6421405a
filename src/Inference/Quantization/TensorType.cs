namespace Halo.Inference.Quantization;

/// <summary>Element types of GGUF tensors, under the file format's own ids.</summary>
public enum TensorType : uint
{
    /// <summary>32-bit float.</summary>
    F32 = 0,
    /// <summary>16-bit float.</summary>
    F16 = 1,
    /// <summary>Blocks of 32 with 4 bits.</summary>
    Q4_0 = 2,
    /// <summary>Blocks of 32 with 4 bits and a minimum.</summary>
    Q4_1 = 3,
    /// <summary>Blocks of 32 with 5 bits.</summary>
    Q5_0 = 6,
    /// <summary>Blocks of 32 with 5 bits and a minimum.</summary>
    Q5_1 = 7,
    /// <summary>Blocks of 32 with 8 bits.</summary>
    Q8_0 = 8,
    /// <summary>Super-blocks of 256, 2 bits.</summary>
    Q2_K = 10,
    /// <summary>Super-blocks of 256, 3 bits.</summary>
    Q3_K = 11,
    /// <summary>Super-blocks of 256, 4 bits.</summary>
    Q4_K = 12,
    /// <summary>Super-blocks of 256, 5 bits.</summary>
    Q5_K = 13,
    /// <summary>Super-blocks of 256, 6 bits.</summary>
    Q6_K = 14,
    /// <summary>Super-blocks of 256, 8 bits.</summary>
    Q8_K = 15,
    /// <summary>Brain float, 16 bits.</summary>
    BF16 = 30,
}
