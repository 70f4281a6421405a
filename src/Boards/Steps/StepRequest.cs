using Halo.Inference.Model;

namespace Halo.Boards.Steps;

/// <summary>A step and what the head board must learn before it.</summary>
public sealed class StepRequest
{
    /// <summary>The step. The runner sets its number.</summary>
    public Step Step { get; } = new();

    /// <summary>Sequences that the head board opens for this step.</summary>
    public List<SequenceSpec> Opens { get; } = [];

    /// <summary>Empties the request so that it can be filled again.</summary>
    public void Clear()
    {
        Step.Clear();
        Opens.Clear();
    }
}
