namespace Halo.Inference.Model.Architectures;

/// <summary>How a model normalises the residual stream before a stage.</summary>
public enum NormKind
{
    /// <summary>Root mean square, with a gain.</summary>
    Rms,

    /// <summary>Mean and variance, with a gain and a bias.</summary>
    Layer,
}
