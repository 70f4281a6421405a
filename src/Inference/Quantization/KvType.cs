namespace Halo.Inference.Quantization;

/// <summary>How the keys and values of a model are kept. All boards of a model use one type.</summary>
public enum KvType
{
    /// <summary>16-bit IEEE 754, what other engines keep by default: half the memory of f32, and no text changes but at near ties.</summary>
    F16,

    /// <summary>Signed bytes with one f16 scale for every 32 elements of a head: about half the memory of F16, and a little accuracy lost.</summary>
    Q8_0,

    /// <summary>32-bit IEEE 754: what was computed is kept as it is.</summary>
    F32,
}
