namespace Halo.Inference.Kernels;

/// <summary>In which order a matrix's values lie in memory.</summary>
public enum WeightLayout
{
    /// <summary>Row after row, in the blocks of the GGUF file.</summary>
    File,

    /// <summary>Sixteen rows interleaved: <see cref="Panels.PanelLayout"/>.</summary>
    Panels,
}
