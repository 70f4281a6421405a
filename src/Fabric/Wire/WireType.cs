namespace Halo.Fabric.Wire;

/// <summary>How the elements of a partial sum travel.</summary>
public enum WireType
{
    /// <summary>f32: nothing is rounded.</summary>
    F32,

    /// <summary>IEEE half precision: half the bytes, relative error up to 2^-11.</summary>
    F16,

    /// <summary>Blocks of 32: an f32 scale and 32 signed bytes; 36 bytes for 32 elements, error up to 1/254 of a block's largest magnitude.</summary>
    Q8,
}
