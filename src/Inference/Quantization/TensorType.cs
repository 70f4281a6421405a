namespace Halo.Inference.Quantization;

/// <summary>How the numbers of a tensor are stored. The values are the type ids of a GGUF file.</summary>
/// <remarks>A kernel exists where <see cref="TensorTypes.IsSupported"/> says so; the rest are here so that a file can be described.</remarks>
public enum TensorType : uint
{
    /// <summary>32-bit IEEE 754.</summary>
    F32 = 0,

    /// <summary>16-bit IEEE 754.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 columns: f16 scale, 4-bit values less 8.</summary>
    Q4_0 = 2,

    /// <summary>Blocks of 32 columns: f16 scale and minimum, 4-bit values.</summary>
    Q4_1 = 3,

    /// <summary>Blocks of 32 columns: f16 scale, 5-bit values less 16.</summary>
    Q5_0 = 6,

    /// <summary>Blocks of 32 columns: f16 scale and minimum, 5-bit values.</summary>
    Q5_1 = 7,

    /// <summary>Blocks of 32 columns: f16 scale, signed 8-bit values.</summary>
    Q8_0 = 8,

    /// <summary>Blocks of 256 columns, 2-bit values with 4-bit scales and minima.</summary>
    Q2_K = 10,

    /// <summary>Blocks of 256 columns, 3-bit values with 6-bit scales.</summary>
    Q3_K = 11,

    /// <summary>Blocks of 256 columns, 4-bit values with 6-bit scales and minima.</summary>
    Q4_K = 12,

    /// <summary>Blocks of 256 columns, 5-bit values with 6-bit scales and minima.</summary>
    Q5_K = 13,

    /// <summary>Blocks of 256 columns, 6-bit values with 8-bit scales.</summary>
    Q6_K = 14,

    /// <summary>Blocks of 256 columns, 8-bit values with an f32 scale and sums by 16.</summary>
    Q8_K = 15,

    /// <summary>The upper 16 bits of a 32-bit IEEE 754 number.</summary>
    BF16 = 30,
}
