namespace Halo.Inference.Model.Observation;

/// <summary>Looks at every stage of a model that is computed in one place, as <see cref="Transformer"/> does.</summary>
public interface IStageObserver
{
    /// <summary>A stage was computed, and its output is not yet part of the residual stream.</summary>
    /// <param name="stage">The stage; what it shows is gone when this returns.</param>
    void Observe(in StageView stage);
}
